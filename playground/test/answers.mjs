// Responses for the mock API to send.

export const JSON_TYPE = { 'content-type': 'application/json' };

/** The usual response to a chat query, with `content` as the answer. */
export const answerWith = (content, more = {}) => ({
  headers: JSON_TYPE,
  body: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5.4-mini',
    choices: [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content, ...more } },
    ],
  },
});

export const MARKDOWN = `# Plan
Some *words* and a [link](https://example.com/a).

| a | b |
|---|---|
| 1 | 2 |

\`\`\`js
let x = 1;
\`\`\`
`;
