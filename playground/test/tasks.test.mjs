// The most common tasks of an app builder, done with only the basic form.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { TOOLJETS } from '../../harness/forms.mjs';
import { usePlayground } from './browser.mjs';
import { choose, chosen, query, rawValue, run, sentBody, textbox } from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');

const TASKS = [
  {
    name: 'answer a text input',
    fill: { Prompt: '{{components.textinput1.value}}' },
    check: (data) => assert.equal(data, 'The capital of France is Paris.'),
  },
  {
    name: 'chat with a history',
    fill: {
      Prompt: '{{components.chat1.lastMessage.message}}',
      'Message history': '{{components.chat1.history}}',
    },
    check(data, { messages }) {
      assert.equal(data, 'Your name is Ada.');
      assert.deepEqual(
        messages.map(({ role }) => role),
        ['user', 'assistant', 'user'],
        "the user's newest message is sent once",
      );
    },
  },
  {
    name: 'answer in JSON',
    fill: { Prompt: 'What is the capital of France?' },
    choose: { 'Response format': 'JSON' },
    check: (data) => assert.equal(typeof data, 'object'),
  },
  {
    name: 'describe an uploaded image',
    fill: {
      Prompt: 'What is in this image?',
      'Images and files': '{{components.filepicker1.file}}',
    },
    check(data, { messages }) {
      const part = messages.at(-1).content.find(({ type }) => type === 'image_url');
      assert.match(part.image_url.url, /^data:image\/png;base64,/);
      assert.equal(typeof data, 'string');
    },
  },
  {
    name: 'describe an uploaded PDF',
    fill: {
      Prompt: 'Summarize this document.',
      'Images and files': '{{components.filepicker2.file}}',
    },
    check(data, { messages }) {
      const { file } = messages.at(-1).content.find(({ type }) => type === 'file');
      assert.match(file.file_data, /^data:application\/pdf;base64,/);
      assert.equal(file.filename, 'invoice-1042.pdf');
      assert.equal(typeof data, 'string');
    },
  },
  {
    name: 'continue a text',
    operation: 'Completions',
    fill: { Prompt: 'Once upon a time' },
    check: (data) => assert.match(data, /^ there was a lighthouse/),
  },
];

for (const tooljet of TOOLJETS) {
  describe(`in ToolJet ${tooljet}, the basic form is enough to`, () => {
    const playground = usePlayground({ plugin });

    for (const { name, operation, fill, choose: choices = {}, check } of TASKS) {
      test(name, async () => {
        const page = await playground.open({ tooljet });
        const form = query(page);
        if (operation) await choose(form, 'Operation', operation);
        for (const [label, text] of Object.entries(fill)) await textbox(form, label).fill(text);
        for (const [label, choice] of Object.entries(choices)) await choose(form, label, choice);
        assert.equal(await chosen(form, 'Advanced'), 'Off');
        assert.equal(await run(page), 'Success');
        check(await rawValue(page, 'data'), await sentBody(page));
      });
    }
  });
}
