// Values of ToolJet's components, bound to a Chat query unchanged: the history of the Chat
// component, and the files of a file picker.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pdf } from './mock-api/variants.mjs';
import { validateRequest } from './openapi.mjs';
import { mockApi, refuse, sent, succeed, takesEverything } from './plugin.mjs';

const chat = (options) => ({ operation: 'chat', ...options });

/** Returns the messages that a query sends; checks the request against OpenAI's document. */
async function sendMessages(options) {
  mockApi.respondWith(takesEverything);
  const { path, body } = await sent(chat(options));
  mockApi.reset();
  assert.deepEqual(validateRequest('POST', path, body), []);
  return body.messages;
}

describe("the history of ToolJet's Chat component", () => {
  const entry = (type, message) => ({
    message,
    messageId: '7c9e6679',
    timestamp: '2026-11-25T10:00:00.000Z',
    name: type === 'message' ? 'You' : 'Assistant',
    avatar: 'https://example.com/avatar.png',
    type,
  });
  const history = [
    entry('message', 'My name is Ada.'),
    entry('response', 'Hello Ada.'),
    entry('error', 'The server was busy.'),
    entry('message', 'What is my name?'),
  ];
  const turns = [
    { role: 'user', content: 'My name is Ada.' },
    { role: 'assistant', content: 'Hello Ada.' },
    { role: 'user', content: 'What is my name?' },
  ];

  test('answers the last message of a Chat component whether or not the prompt is bound to it', async () => {
    for (const prompt of [undefined, '', 'What is my name?', history.at(-1)]) {
      for (const message_history of [history, JSON.stringify(history)]) {
        const { data } = await succeed(chat({ prompt, message_history }));
        assert.equal(data, 'Your name is Ada.');
        assert.deepEqual(await sendMessages({ prompt, message_history }), turns);
      }
    }
  });

  test('appends another prompt to the history of a Chat component', async () => {
    const messages = await sendMessages({ prompt: 'And yours?', message_history: history });
    assert.deepEqual(messages, [...turns, { role: 'user', content: 'And yours?' }]);
  });

  test('adds images to the last message of a Chat component', async () => {
    const images = ['https://example.com/a.png'];
    const [, , last] = await sendMessages({ message_history: history, images });
    assert.deepEqual(
      last.content.map(({ type }) => type),
      ['text', 'image_url'],
    );
  });

  test('rejects the history of a Chat component when it ends with an answer and the prompt is empty', async () => {
    const description = await refuse(chat({ message_history: history.slice(0, 2) }));
    assert.match(description, /^Prompt is empty/);
  });
});

describe('a picked file', () => {
  const base64 = pdf('Invoice 4711: 120 EUR').toString('base64');
  const PICKED = {
    'ToolJet 2': { name: 'invoice.pdf', type: 'application/pdf', dataURL: base64 },
    'ToolJet 3': { name: 'invoice.pdf', type: '', base64Data: base64, content: '%PDF-1.4 ...' },
  };

  for (const [version, file] of Object.entries(PICKED)) {
    test(`reads a picked PDF of ${version}`, async () => {
      for (const images of [file, [file], JSON.stringify([file])]) {
        const { data } = await succeed(chat({ prompt: 'What is it?', images, advanced: 'off' }));
        assert.match(data, /^I received 1 PDF \(invoice\.pdf, .*“Invoice 4711: 120 EUR”/);
        await sendMessages({ prompt: 'What is it?', images });
      }
    });
  }

  test('ignores a picked file that was removed again', async () => {
    const [message] = await sendMessages({ prompt: 'Hello', images: [] });
    assert.equal(message.content, 'Hello');
  });
});

test('asks for a JSON object when the prompt does not mention JSON', async () => {
  const options = { prompt: 'What is the capital of France?', response_format: 'json_object' };
  const { data } = await succeed(chat({ ...options, advanced: 'off' }));
  assert.equal(data.answer, 'The capital of France is Paris.');
  const [instructions] = await sendMessages(options);
  assert.deepEqual(instructions, { role: 'system', content: 'Answer with a JSON object.' });
});

test('names the schema field when a JSON schema is required but hidden', async () => {
  const query = chat({ prompt: 'Hello', response_format: 'json_schema', advanced: 'off' });
  assert.equal(
    await refuse(query),
    'JSON schema is only read while Advanced is On. Set Advanced to On and enter the schema that the answer must match.',
  );
});
