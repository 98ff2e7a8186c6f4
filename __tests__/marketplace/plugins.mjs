// How ToolJet's server gets a plugin's code: downloads the four files, stores their text as base64
// in the database, and decodes it once per process.

import { createHarness } from '../../harness/harness.mjs';
import { HttpError } from './http-error.mjs';

const FILES = {
  index: 'dist/index.js',
  operations: 'lib/operations.json',
  icon: 'lib/icon.svg',
  manifest: 'lib/manifest.json',
};
const KINDS = Object.keys(FILES);

const encode = (text) => Buffer.from(text, 'utf8').toString('base64');
const decode = (bytes) =>
  Buffer.from(Buffer.from(bytes).toString('utf8'), 'base64').toString('utf8');

export function createPlugins({ database, marketplace }) {
  /** Never cleared, and keyed by the plugin's row, so only new processes run new text. */
  const decoded = new Map();

  async function download(id) {
    const answers = await Promise.all(
      KINDS.map((kind) => fetch(`${marketplace}/marketplace-assets/${id}/${FILES[kind]}`)),
    );
    const texts = await Promise.all(
      answers.map(async (answer) => {
        if (!answer.ok) throw new HttpError(500, 'Internal Server Error');
        return new TextDecoder().decode(await answer.arrayBuffer());
      }),
    );
    return Object.fromEntries(KINDS.map((kind, at) => [kind, texts[at]]));
  }

  function assertJson({ manifest, operations }) {
    try {
      JSON.parse(manifest);
      JSON.parse(operations);
    } catch {
      throw new HttpError(500, 'Invalid plugin files');
    }
  }

  const fileText = (id) => decode(database.get('SELECT data FROM files WHERE id = ?', id).data);
  const row = (id) => database.get('SELECT * FROM plugins WHERE id = ?', id);

  function shown({ id, plugin_id, name, version, repo, description, ...files }) {
    const manifest = JSON.parse(fileText(files.manifest_file_id));
    return {
      ...{ id, pluginId: plugin_id, name, version, repo, description },
      manifestFile: { id: files.manifest_file_id, data: manifest },
    };
  }

  return {
    all: () => database.all('SELECT * FROM plugins').map(shown),

    async install({ id, name, version, repo, description }) {
      if (database.get('SELECT id FROM plugins WHERE plugin_id = ?', id)) {
        throw new HttpError(400, `Plugin '${name}' is already installed.`);
      }
      const texts = await download(id);
      assertJson(texts);
      const files = KINDS.map((kind) => [
        `${kind}_file_id`,
        database.insert('files', { filename: kind, data: Buffer.from(encode(texts[kind])) }),
      ]);
      const plugin = { plugin_id: id, name, version, repo, description };
      return shown(row(database.insert('plugins', { ...plugin, ...Object.fromEntries(files) })));
    },

    async upgrade(uuid, { pluginId, version, repo }) {
      const plugin = row(uuid);
      const texts = await download(pluginId);
      for (const kind of KINDS) {
        const data = Buffer.from(encode(texts[kind]));
        database.run('UPDATE files SET data = ? WHERE id = ?', [data, plugin[`${kind}_file_id`]]);
      }
      database.run('UPDATE plugins SET version = ?, repo = ? WHERE id = ?', [version, repo, uuid]);
      return shown(row(uuid));
    },

    /** The harness of the plugin, with the text that this process read first. */
    harness(uuid) {
      if (!decoded.has(uuid)) {
        decoded.set(uuid, createHarness({ text: fileText(row(uuid).index_file_id) }));
      }
      return decoded.get(uuid);
    },
  };
}
