import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import Ajv2020 from 'ajv/dist/2020.js';
import { answerTo } from '../../mock-api/answers.mjs';
import { CONTINUATIONS, INSERTIONS } from '../../mock-api/continuations.mjs';
import {
  answer,
  CHAT,
  COMPLETIONS,
  chatted,
  completed,
  completion,
  conversation,
  refused,
  user,
} from './client.mjs';
import { asFile, asPerson, PERSON, VARIANTS } from './variants.mjs';

describe('an answer that the mock API makes up', () => {
  for (const [prompt, quoted] of [
    ['Summarize this document in one sentence.', 'Summarize this document in one sentence.'],
    ['Who wrote it?', 'Who wrote it?'],
    ['Summarize it', 'Summarize it.'],
  ]) {
    it(`ends its quote with one end mark when the prompt is "${prompt}"`, () => {
      const start = `You asked: “${quoted}” A model would answer at length. `;
      assert.ok(answerTo(prompt).startsWith(start), answerTo(prompt));
    });
  }
});

describe('a completion of the mock API', () => {
  it('continues a known prompt', async () => {
    for (const { prompt, text } of CONTINUATIONS) {
      assert.equal((await completed({ prompt, max_tokens: 256 })).text, text);
    }
  });

  it('truncates a completion after 16 tokens by default', async () => {
    const { choices, usage } = await answer(COMPLETIONS, completion());
    assert.equal(choices[0].finish_reason, 'length');
    assert.equal(usage.completion_tokens, 16);
    assert.equal(usage.total_tokens, usage.prompt_tokens + 16);
    assert.equal((await completed({ max_tokens: 256 })).finish_reason, 'stop');
  });

  it('ends a completion before the first stop sequence', async () => {
    const stop = ['nowhere', ' ships', ' sea'];
    const { text, finish_reason } = await completed({ max_tokens: 256, stop });
    assert.equal(text, ' there was a lighthouse at the edge of the');
    assert.equal(finish_reason, 'stop');
  });

  it('fills the gap before a suffix when the model supports it', async () => {
    for (const { prompt, suffix, text } of INSERTIONS) {
      assert.equal((await completed({ prompt, suffix, max_tokens: 256 })).text, text);
    }
    const refusal = await refused(COMPLETIONS, completion({ model: 'mock-api-base', suffix: '.' }));
    assert.deepEqual([refusal.status, refusal.param, refusal.code], [400, null, null]);
  });

  it('returns n different choices for each prompt, in order', async () => {
    const { choices } = await answer(COMPLETIONS, completion({ prompt: ['One', 'Two'], n: 2 }));
    assert.deepEqual(
      choices.map(({ index }) => index),
      [0, 1, 2, 3],
    );
    assert.equal(new Set(choices.map(({ text }) => text)).size, 4);
  });

  it('repeats the prompt when echo is set', async () => {
    const { text, logprobs } = await completed({ echo: true, logprobs: 2, max_tokens: 3 });
    assert.equal(text, 'Once upon a time there was a');
    assert.equal(logprobs.tokens.join(''), text);
    assert.equal(logprobs.text_offset[1], logprobs.tokens[0].length);
  });

  it('counts the tokens that best_of generated and discarded', async () => {
    const { choices, usage } = await answer(COMPLETIONS, completion({ best_of: 3 }));
    assert.equal(choices.length, 1);
    assert.equal(usage.completion_tokens, 48);
    assert.equal((await refused(COMPLETIONS, completion({ n: 3, best_of: 2 }))).param, 'best_of');
  });

  it('rejects completions of removed models and of chat models', async () => {
    const gone = await refused(COMPLETIONS, completion({ model: 'gpt-3.5-turbo-instruct' }));
    assert.deepEqual([gone.status, gone.code], [404, 'model_not_found']);
    assert.match(gone.message, /deprecated/);
    const chatModel = await refused(COMPLETIONS, completion({ model: 'gpt-5.4-mini' }));
    assert.deepEqual([chatModel.status, chatModel.param, chatModel.code], [404, 'model', null]);
  });
});

describe('a chat with the mock API', () => {
  it('answers known questions', async () => {
    const asked = async (content) => (await chatted({ messages: user(content) })).message.content;
    assert.equal(await asked('What is the capital of Japan?'), 'The capital of Japan is Tokyo.');
    assert.equal(await asked('Translate "Good morning" to French.'), 'Bonjour');
    assert.equal(
      await asked('Summarise: The sea is calm. It is late.'),
      'In short: The sea is calm.',
    );
    assert.equal(await asked('What is 6 * 7?'), '6 * 7 = 42');
    assert.equal((await asked('Write a haiku about queries.')).split('\n').length, 3);
    assert.match(await asked('Where did I leave my keys?'), /Where did I leave my keys\?/);
  });

  it('answers from earlier messages', async () => {
    const { message } = await chatted(VARIANTS[CHAT]['a history']);
    assert.equal(message.content, 'Your name is Ada.');
  });

  it('names the images that it received', async () => {
    const { message } = await chatted(VARIANTS[CHAT]['an image']);
    assert.match(message.content, /^I received 1 image \(image\/png, \d+ bytes\)\. /);
  });

  it('quotes the start of the PDFs that it received', async () => {
    const { message } = await chatted(VARIANTS[CHAT]['a PDF']);
    assert.match(
      message.content,
      /^I received 1 PDF \(invoice\.pdf, \d+ bytes, which begins with “Invoice 4711: 120 EUR”\)\. /,
    );
  });

  it('reads a deflated PDF, and ignores what it cannot read', async () => {
    const stream = deflateSync(Buffer.from(String.raw`BT (One \(1\)) Tj (two) Tj ET`));
    const wrap = (bytes) =>
      Buffer.concat([Buffer.from('%PDF-1.7\nstream\n'), bytes, Buffer.from('\nendstream\n')]);
    const said = async (bytes) =>
      (await chatted({ messages: user([asFile(bytes)]) })).message.content;
    assert.match(await said(wrap(stream)), /begins with “One \(1\) two”/);
    assert.match(
      await said(wrap(Buffer.from('BT <0001> Tj ET'))),
      /^I received 1 PDF \([^,]+, \d+ bytes\)\. /,
    );
  });

  it('continues a prompt as a completion would when the instructions ask for it', async () => {
    for (const { prompt, text } of CONTINUATIONS) {
      const { message } = await chatted({
        messages: [
          { role: 'system', content: 'Continue the text of the user. Reply with the text only.' },
          { role: 'user', content: prompt },
        ],
      });
      assert.equal(message.content, text);
    }
    const { message } = await chatted({ messages: user(CONTINUATIONS[0].prompt) });
    assert.notEqual(message.content, CONTINUATIONS[0].text);
  });

  it('leads up to a suffix when the instructions name it', async () => {
    for (const { prompt, suffix, text } of INSERTIONS) {
      const instructions = `Your answer leads up to this text: ${suffix}`;
      const messages = [{ role: 'system', content: instructions }, ...user(prompt)];
      assert.equal((await chatted({ messages })).message.content, text);
    }
  });

  it('respects the token limit and the stop sequences', async () => {
    const cut = await chatted({ max_completion_tokens: 3 });
    assert.deepEqual([cut.message.content, cut.finish_reason], ['The capital of', 'length']);
    const stopped = await chatted({ model: 'gpt-4.1', stop: ' is' });
    assert.deepEqual(
      [stopped.message.content, stopped.finish_reason],
      ['The capital of France', 'stop'],
    );
  });

  it('spends the whole token limit on reasoning when it is small', async () => {
    const body = conversation({ model: 'gpt-6-sol', max_completion_tokens: 20 });
    const { choices, usage } = await answer(CHAT, body);
    assert.deepEqual([choices[0].message.content, choices[0].finish_reason], ['', 'length']);
    assert.equal(usage.completion_tokens_details.reasoning_tokens, 20);
    assert.equal(usage.completion_tokens, 20);
    const twice = await answer(CHAT, { ...body, n: 2 });
    assert.equal(twice.usage.completion_tokens_details.reasoning_tokens, 40);
  });

  it('answers with JSON that matches the schema', async () => {
    const { message } = await chatted({ response_format: asPerson });
    const validate = new Ajv2020.default({ validateFormats: false }).compile(PERSON);
    assert.ok(validate(JSON.parse(message.content)), JSON.stringify(validate.errors));
  });

  it('answers with a JSON object only when the messages mention JSON', async () => {
    const response_format = { type: 'json_object' };
    const { message } = await chatted({
      messages: user('As JSON: what is the capital of Italy?'),
      response_format,
    });
    assert.equal(typeof JSON.parse(message.content), 'object');
    assert.equal((await refused(CHAT, conversation({ response_format }))).param, 'messages');
  });

  it('rejects a strict schema with open properties', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const format = { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } };
    const refusal = await refused(CHAT, conversation({ response_format: format }));
    assert.equal(refusal.param, 'response_format');
  });

  it('names the snapshot behind an alias, and the service tier', async () => {
    const { model, service_tier } = await answer(CHAT, conversation({ service_tier: 'fast' }));
    assert.equal(model, 'gpt-5.4-mini-2026-03-17');
    assert.equal(service_tier, 'priority');
  });
});
