import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHAT, chatted, conversation, refused, user } from './client.mjs';

describe('model families of the mock API', () => {
  const rejects = async (model, options) => {
    const { status, param, code } = await refused(CHAT, conversation({ model, ...options }));
    return [status, param, code];
  };

  it('rejects max_tokens, penalties and stop for reasoning models', async () => {
    for (const model of ['gpt-5', 'gpt-5.4', 'gpt-6-sol', 'gpt-6-astra', 'o3']) {
      for (const options of [{ max_tokens: 9 }, { stop: 'x' }, { presence_penalty: 1 }]) {
        const [name] = Object.keys(options);
        assert.deepEqual(await rejects(model, options), [400, name, 'unsupported_parameter']);
      }
    }
  });

  it('rejects a temperature while a model reasons, and always for some', async () => {
    const warm = { temperature: 0.2 };
    await chatted({ model: 'gpt-5.4', ...warm });
    await chatted({ model: 'gpt-6-sol', reasoning_effort: 'none', ...warm });
    await chatted({ model: 'gpt-5', temperature: 1 });
    const refusal = [400, 'temperature', 'unsupported_value'];
    assert.deepEqual(await rejects('gpt-5.4', { reasoning_effort: 'low', ...warm }), refusal);
    assert.deepEqual(await rejects('gpt-6-sol', warm), refusal);
    assert.deepEqual(await rejects('gpt-5', warm), refusal);
    assert.deepEqual(await rejects('o3', warm), [400, 'temperature', 'unsupported_parameter']);
  });

  it('accepts the reasoning efforts of each model family', async () => {
    await chatted({ model: 'gpt-5', reasoning_effort: 'minimal' });
    assert.deepEqual(await rejects('gpt-5.2', { reasoning_effort: 'minimal' }), [
      400,
      'reasoning_effort',
      'unsupported_value',
    ]);
    assert.deepEqual(await rejects('gpt-4.1', { reasoning_effort: 'low' }), [400, null, null]);
  });

  it('has models that each reject one parameter', async () => {
    const system = { role: 'system', content: 'Be brief.' };
    const developer = { role: 'developer', content: 'Be brief.' };
    const cases = {
      temperature: { temperature: 0.2 },
      'top-p': { top_p: 0.2 },
      stop: { stop: 'x' },
      'max-tokens': { max_tokens: 9 },
      'max-completion-tokens': { max_completion_tokens: 9 },
      penalties: { frequency_penalty: 1 },
      'system-role': { messages: [system, ...user('Hello')] },
      'developer-role': { messages: [developer, ...user('Hello')] },
    };
    for (const [name, options] of Object.entries(cases)) {
      const [status, param] = await rejects(`mock-api-strict-${name}`, options);
      const named = name.endsWith('role') ? 'messages[0].role' : Object.keys(options)[0];
      assert.deepEqual([status, param], [400, named]);
      await chatted({ model: 'gpt-4.1', ...options });
      await chatted({ model: `mock-api-strict-${name}` });
    }
    assert.deepEqual(await rejects('mock-api-strict-everything', { temperature: 1 }), [
      400,
      'temperature',
      null,
    ]);
  });

  it('knows models by alias, snapshot and fine-tune, and rejects unknown or removed ones', async () => {
    await chatted({ model: 'gpt-4.1-2025-04-14' });
    await chatted({ model: 'ft:gpt-4.1-2025-04-14:org::abc' });
    assert.deepEqual(await rejects('gpt-99', {}), [404, null, 'model_not_found']);
    assert.deepEqual(await rejects('gpt-4', {}), [404, null, 'model_not_found']);
    assert.deepEqual(await rejects('o3-pro', {}), [404, 'model', null]);
    assert.deepEqual(await rejects('gpt-5.1-codex-max', {}), [404, null, 'model_not_found']);
    assert.deepEqual(await rejects('text-embedding-3-small', {}), [404, 'model', null]);
  });
});
