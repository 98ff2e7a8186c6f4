// A ToolJet for these tests: its server process, its database file, and requests of its users.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT, runScript, startServer } from './processes.mjs';
import { ADMIN, WORKSPACE } from './workspace.mjs';

export async function startTooljet({ marketplace }) {
  const folder = mkdtempSync(join(tmpdir(), 'tooljet-'));
  const env = {
    TOOLJET_MARKETPLACE_URL: marketplace,
    DATABASE: join(folder, 'tooljet.sqlite'),
    LOCKBOX_MASTER_KEY: randomBytes(32).toString('hex'),
    HOME: folder,
  };
  const start = () =>
    startServer('__tests__/marketplace/tooljet-server.mjs', { env, ready: /^(?<url>http:.*)/ });
  let server = await start();

  async function ask(method, path, body, session = ADMIN) {
    const response = await fetch(server.url + path, {
      method,
      headers: { cookie: `tj_auth_token=${session}`, 'tj-workspace-id': WORKSPACE },
      body: body && JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.message}`);
    return answer;
  }

  return {
    get url() {
      return server.url;
    },
    plugins: () => ask('GET', '/api/plugins'),
    installFromPage: (entry) => ask('POST', '/api/plugins/install', entry),

    /** Saved as a form saves it: `options` are `[{key, value, encrypted}]`. */
    async createDataSource({ plugin, options }) {
      const source = { kind: plugin.pluginId, plugin_id: plugin.id, options };
      return (await ask('POST', '/api/data-sources', source)).id;
    },
    testConnection: (id) => ask('POST', `/api/data-sources/${id}/test-connection`, {}),
    async createQuery(data_source_id, options) {
      return (await ask('POST', '/api/data-queries', { data_source_id, options })).id;
    },
    /** Returns what the browser gets; `values` are those of the templates in the query. */
    run: (id, values) => ask('POST', `/api/data-queries/${id}/run`, { resolvedOptions: values }),

    /** Runs `npm run install:tooljet` as an admin; `env` and `args` come on top. */
    install: ({ args = [], env: more = {}, ...rest } = {}) =>
      runScript('scripts/install.mjs', {
        args: ['--folder', BUILT, ...args],
        env: {
          TOOLJET_URL: server.url,
          TOOLJET_WORKSPACE_ID: WORKSPACE,
          TOOLJET_SESSION: ADMIN,
          ...more,
        },
        ...rest,
      }),

    /** Resolves to the exit code of the process that ended. */
    async restart(change) {
      const code = await server.stop();
      if (change) env.TOOLJET_MARKETPLACE_URL = change.marketplace;
      server = await start();
      return code;
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
