// Files of the person at the page, in place of those of the sample components.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { TOOLJETS } from '../../harness/forms.mjs';
import { COMPONENTS } from '../src/components.js';
import { usePlayground } from './browser.mjs';
import { openExample, openTab, query, result, run, sentBody } from './page.mjs';

const plugin = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');
const MB = 1_000_000;

const bytesOf = ({ base64Data }) => Buffer.from(base64Data, 'base64');
/** Other bytes than those of the samples, which a decoder accepts all the same. */
const IMAGE = {
  name: 'own.png',
  mimeType: 'image/png',
  buffer: Buffer.concat([bytesOf(COMPONENTS.filepicker1.file[0]), Buffer.from('own')]),
};
const PDF = {
  name: 'own.pdf',
  mimeType: 'application/pdf',
  buffer: Buffer.concat([bytesOf(COMPONENTS.filepicker2.file[0]), Buffer.from('% own')]),
};
const SAMPLE_WORDS = 'Please send invoice 1042 again.';
const OWN_WORDS = 'My own recording says so.'.padEnd(SAMPLE_WORDS.length);
const RECORDING = {
  name: 'own.wav',
  mimeType: 'audio/wav',
  buffer: Buffer.from(
    Buffer.from(COMPONENTS.audiorecorder1.dataURL.split(',')[1], 'base64')
      .toString('latin1')
      .replace(SAMPLE_WORDS, OWN_WORDS),
    'latin1',
  ),
};

const chooser = (region, name) => region.locator('.own-file', { hasText: name });
const fieldOf = (page, label) => query(page).locator('.field', { hasText: label });
const choose = (place, file) => place.locator('input[type=file]').setInputFiles(file);

describe('a file of your own', () => {
  const playground = usePlayground({ plugin });

  for (const tooljet of TOOLJETS) {
    test(`is sent instead of the sample image or PDF, ToolJet ${tooljet}`, async () => {
      const page = await playground.open({ tooljet });
      for (const [example, component, file, url] of [
        ['Describe an image', 'filepicker1', IMAGE, (parts) => parts[1].image_url.url],
        ['Summarize a PDF', 'filepicker2', PDF, (parts) => parts[1].file.file_data],
      ]) {
        await openExample(page, example);
        const place = chooser(fieldOf(page, 'Images and files'), component);
        await place.getByText('Sample file').waitFor();
        await choose(place, file);
        await place.getByText(file.name).waitFor();
        assert.equal(await run(page), 'Success', example);
        const { messages } = await sentBody(page);
        const sent = url(messages.at(-1).content);
        assert.equal(sent, `data:${file.mimeType};base64,${file.buffer.toString('base64')}`);

        await place.getByRole('button', { name: `Remove the file for ${component}` }).click();
        await place.getByText('Sample file').waitFor();
      }
    });
  }

  test('has the members that the file picker of ToolJet 3 gives it', async () => {
    const page = await playground.open();
    await openExample(page, 'Summarize a PDF');
    await choose(chooser(fieldOf(page, 'Images and files'), 'filepicker2'), PDF);
    await fieldOf(page, 'Images and files').getByText(PDF.name, { exact: false }).first().waitFor();
    const asked = page.waitForRequest('**/api/run');
    await run(page);
    const { values } = (await asked).postDataJSON();
    const [file] = values['{{components.filepicker2.file}}'];
    assert.deepEqual(Object.keys(file), Object.keys(COMPONENTS.filepicker2.file[0]));
    assert.deepEqual(
      { name: file.name, type: file.type, size: file.size, content: file.content },
      {
        name: PDF.name,
        type: PDF.mimeType,
        size: PDF.buffer.length,
        content: PDF.buffer.toString('utf8'),
      },
    );
  });

  test('is transcribed instead of the sample recording', async () => {
    const page = await playground.open();
    await openExample(page, 'Transcribe a recording');
    const place = chooser(fieldOf(page, 'Recording'), 'audiorecorder1');
    await choose(place, RECORDING);
    await place.getByText(RECORDING.name).waitFor();
    assert.equal(await run(page), 'Success');
    await result(page).getByText(OWN_WORDS.trim(), { exact: true }).waitFor();
    assert.match(await openTab(page, 'Request'), /file/);
  });

  test('is rejected when it is too large, and the file before it stays', async () => {
    const page = await playground.open();
    await openExample(page, 'Describe an image');
    const place = chooser(fieldOf(page, 'Images and files'), 'filepicker1');
    await choose(place, IMAGE);
    await place.getByText(IMAGE.name).waitFor();
    const buffer = Buffer.alloc(10.5 * MB);
    await choose(place, { name: 'large.png', mimeType: 'image/png', buffer });
    const problem = await place.getByRole('alert').textContent();
    assert.match(problem, /^large\.png is too large: .*10\.5 MB.* up to 10 MB\.$/);
    assert.match(await place.getByRole('status').textContent(), /^own\.png/);
    await choose(place, IMAGE);
    await place.getByRole('alert').waitFor({ state: 'detached' });
  });

  for (const [bytes, size] of [
    [6, '6 bytes'],
    [1_258, '1.3 KB'],
    [2_500_000, '2.5 MB'],
  ]) {
    test(`is shown with its size of ${size}`, async () => {
      const page = await playground.open();
      await openExample(page, 'Summarize a PDF');
      const place = chooser(fieldOf(page, 'Images and files'), 'filepicker2');
      await choose(place, { ...PDF, buffer: Buffer.alloc(bytes) });
      await place.getByText(`${PDF.name} (${size})`, { exact: true }).waitFor();
    });
  }

  test('can be chosen under Components, is not stored, and is gone after Reset', async () => {
    const page = await playground.open();
    await page.getByText('Components', { exact: true }).click();
    const components = page.locator('.components');
    const place = chooser(components, 'filepicker1');
    await choose(place, IMAGE);
    await place.getByText(IMAGE.name).waitFor();
    await openExample(page, 'Describe an image');
    assert.match(
      await chooser(fieldOf(page, 'Images and files'), 'filepicker1').textContent(),
      /own\.png/,
    );
    const stored = await page.evaluate(() =>
      JSON.stringify({ ...sessionStorage, ...localStorage }),
    );
    assert.doesNotMatch(stored, /own\.png/);
    await query(page).getByRole('button', { name: 'Reset', exact: true }).click();
    await place.getByText('Sample file').waitFor();
  });
});
