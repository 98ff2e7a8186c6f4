import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  answer,
  CHAT,
  COMPLETIONS,
  completion,
  conversation,
  KEY,
  mockApi,
  user,
} from './client.mjs';
import { asksForWeather, chatTool } from './variants.mjs';

/** The chunks of a stream, and the usage in its last event. */
async function streamed(path, body) {
  const response = await fetch(mockApi.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
  });
  assert.match(response.headers.get('content-type'), /^text\/event-stream/);
  const events = (await response.text()).split('\n\n').slice(0, -1);
  assert.equal(events.pop(), 'data: [DONE]');
  return events.map((event) => JSON.parse(event.replace(/^data: /, '')));
}

const pieces = (chunks, read) => chunks.flatMap(({ choices }) => choices.map(read)).join('');

describe('a stream of the mock API', () => {
  it('a stream contains the same as the whole response', async () => {
    const whole = await answer(CHAT, conversation());
    const chunks = await streamed(CHAT, conversation());
    assert.equal(
      pieces(chunks, ({ delta }) => delta.content),
      whole.choices[0].message.content,
    );
    assert.ok(chunks.length > 3);
    assert.equal(chunks[0].object, 'chat.completion.chunk');
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
    const text = (await answer(COMPLETIONS, completion())).choices[0].text;
    assert.equal(
      pieces(await streamed(COMPLETIONS, completion()), (choice) => choice.text),
      text,
    );
  });

  it('a stream contains a call in pieces, and a refusal', async () => {
    const body = conversation({
      model: 'gpt-4o',
      messages: user(asksForWeather),
      tools: [chatTool],
    });
    const [call] = (await answer(CHAT, body)).choices[0].message.tool_calls;
    const chunks = await streamed(CHAT, body);
    const deltas = chunks.flatMap(({ choices }) => choices[0].delta.tool_calls ?? []);
    assert.deepEqual([deltas[0].id, deltas[0].function.name], [call.id, 'get_weather']);
    assert.equal(deltas.map((each) => each.function.arguments).join(''), call.function.arguments);
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'tool_calls');
    const refusal = conversation({ model: 'mock-api-refuses' });
    assert.equal(
      pieces(await streamed(CHAT, refusal), ({ delta }) => delta.refusal),
      (await answer(CHAT, refusal)).choices[0].message.refusal,
    );
  });

  it('a stream ends with its usage only when that is requested', async () => {
    const { usage } = await answer(CHAT, conversation());
    const chunks = await streamed(CHAT, conversation({ stream_options: { include_usage: true } }));
    assert.deepEqual([chunks.at(-1).usage, chunks.at(-1).choices], [usage, []]);
    assert.equal((await streamed(CHAT, conversation())).at(-1).usage, undefined);
  });
});
