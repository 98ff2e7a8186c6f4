// Files of the person at the page, in place of those of the sample components.

import { useState } from 'preact/hooks';
import { RECORDING } from '../uploads.js';
import { pickedFile } from './picked-file.js';

const KB = 1000;
const MB = 1000 * KB;
/**
 * A file picker has a file both as text and in base64, which together can take four times its size.
 * The playground's server, like ToolJet's, accepts 50 MB.
 */
const MAX_FILE_BYTES = 10 * MB;

const readAsPicked = async (file) => {
  const [, base64Data = ''] = (await readDataUrl(file)).split(',');
  return { file: [pickedFile(file, await file.text(), base64Data)] };
};

const readAsRecording = async (file) => ({ ...RECORDING, dataURL: await readDataUrl(file) });

const READERS = {
  filepicker1: readAsPicked,
  filepicker2: readAsPicked,
  audiorecorder1: readAsRecording,
};

/** The components that take a file. */
export const FILE_COMPONENTS = Object.keys(READERS);

/** Those of them that templates in `text` refer to. */
export const fileComponentsIn = (text) =>
  FILE_COMPONENTS.filter((name) => new RegExp(`\\bcomponents\\.${name}\\b`).test(text));

/**
 * The chosen files by component: `{name, size, value}`. They are in the memory of the page only, and
 * a reload forgets them. `choose` rejects with a message if a file is too large or cannot be read.
 */
export function useOwnFiles() {
  const [chosen, setChosen] = useState({});

  async function choose(component, file) {
    if (file.size > MAX_FILE_BYTES) {
      throw new Error(
        `${file.name} is too large: it has ${describeSize(file.size)}, and the playground takes up to ${describeSize(MAX_FILE_BYTES)}.`,
      );
    }
    const value = await READERS[component](file);
    setChosen((others) => ({
      ...others,
      [component]: { name: file.name, size: file.size, value },
    }));
  }

  const remove = (component) => setChosen(({ [component]: _, ...others }) => others);

  return { chosen, choose, remove, clear: () => setChosen({}) };
}

/** `6 bytes`, `1.3 KB` or `10 MB`: in thousands, as most file managers show it. */
export function describeSize(bytes) {
  if (bytes < KB) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const [unit, name] = bytes < MB ? [KB, 'KB'] : [MB, 'MB'];
  return `${Number((bytes / unit).toFixed(1))} ${name}`;
}

function readDataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () =>
      reject(new Error(`${file.name} cannot be read: ${reader.error.message}`));
    reader.readAsDataURL(file);
  });
}
