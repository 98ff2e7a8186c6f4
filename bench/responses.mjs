// The query of every contender, and the responses to it.

const SENTENCE =
  'The café’s menu says “crème brûlée”:\nprice 7 €, or 日本円で 1,100 — with a "smile". ';
const PROMPT = 'Summarise the orders of the last week for the sales team in five short points. ';

export const QUERY = {
  operation: 'chat',
  model: 'gpt-4o-mini',
  prompt: PROMPT.repeat(13),
  max_tokens: '512',
  temperature: '0.7',
  message_history: '',
  advanced: 'off',
};

/** The body of the request that this plugin sends for it. */
export function requestBody() {
  const { model, prompt, max_tokens, temperature } = QUERY;
  return JSON.stringify({
    model,
    messages: [{ role: 'user', content: prompt }],
    temperature: Number(temperature),
    max_tokens: Number(max_tokens),
    stream: false,
  });
}

/** The same query for a list of rows, each with a different prompt. */
export function listQuery({ rows, parallel }) {
  const { prompt, ...shared } = QUERY;
  return {
    ...shared,
    operation: 'chat_list',
    prompts: Array.from({ length: rows }, (_, row) => `Region ${row}. ${prompt}`),
    parallel: `${parallel}`,
    advanced: 'on',
  };
}

export const ANSWER_SIZES = { '1 KB': 1_000, '200 KB': 200_000 };

/** The body of a response of about `size` bytes; long ones contain much non-ASCII text. */
export function answerBody(size) {
  return JSON.stringify(answerWith(answerText(size)), null, 2);
}

/** The answer in this response, which the query must return. */
export function answerText(size) {
  const around = Buffer.byteLength(JSON.stringify(answerWith(''), null, 2));
  const sentence = Buffer.byteLength(JSON.stringify(SENTENCE)) - 2;
  return SENTENCE.repeat(Math.max(1, Math.round((size - around) / sentence)));
}

function answerWith(content) {
  return {
    id: 'chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'gpt-4o-mini-2024-07-18',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: {
      prompt_tokens: 221,
      completion_tokens: 97,
      total_tokens: 318,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    },
    service_tier: 'default',
    system_fingerprint: 'fp_0123456789',
  };
}
