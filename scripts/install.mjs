// npm run install:tooljet: installs the built plugin in a running ToolJet, or replaces an installed
// one. ToolJet downloads the files itself, from its TOOLJET_MARKETPLACE_URL.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FOLDER, readPlugin } from './built-plugin.mjs';
import { Mistake, runCommand } from './options.mjs';
import { readSession } from './session.mjs';
import { ROOT } from './setup.mjs';
import { printable } from './terminal.mjs';
import { connectTooljet } from './tooljet.mjs';

const COMMAND = {
  command: 'npm run install:tooljet',
  about:
    'Installs the built plugin in a running ToolJet, or replaces an installed one. --url and --workspace are needed.',
  options: {
    url: {
      type: 'string',
      value: 'URL',
      help: "ToolJet's address; TOOLJET_URL in the environment does the same",
    },
    workspace: {
      type: 'string',
      value: 'ID',
      help: "the workspace's id (a UUID); or TOOLJET_WORKSPACE_ID",
    },
    'session-file': {
      type: 'string',
      value: 'FILE',
      help: 'a file of mode 0600 with the session; otherwise it is read from TOOLJET_SESSION or standard input',
    },
    upgrade: {
      type: 'boolean',
      default: false,
      help: 'replace the installed plugin of the same id, and keep its data sources and queries',
    },
    plugin: {
      type: 'string',
      value: 'UUID',
      help: 'with --upgrade, if the plugin is installed more than once: the one to replace, by the id that ToolJet gave it',
    },
    'dry-run': {
      type: 'boolean',
      default: false,
      help: 'only ask ToolJet what is installed',
    },
    version: {
      type: 'string',
      value: 'V',
      help: "the version that ToolJet should show (default: the one that its marketplace page offers for this id, else this package's)",
    },
    folder: FOLDER,
  },
  notes: [
    'The session is the value of the cookie tj_auth_token in the browser of a signed-in admin.',
  ],
};

/** The options of the command line, completed from the environment. */
function completed(options) {
  const url = options.url ?? process.env.TOOLJET_URL;
  const workspace = options.workspace ?? process.env.TOOLJET_WORKSPACE_ID;
  if (!url) throw new Mistake('--url or TOOLJET_URL is needed');
  if (!/^https?:\/\/[^@]+$/.test(url)) {
    throw new Mistake('--url must be a URL such as https://tooljet.example.com');
  }
  if (!workspace) throw new Mistake('--workspace or TOOLJET_WORKSPACE_ID is needed');
  return { ...options, url: url.replace(/\/+$/, ''), workspace };
}

/** Chooses among the installed plugins; undefined if none is installed. */
function chooseInstalled(all, { id, chosen, upgrade }) {
  const listed = () => all.map((each) => `${each.id} (version ${each.version})`).join(', ');
  if (chosen !== undefined) {
    const found = all.find((each) => each.id === chosen);
    if (!found)
      throw new Error(`--plugin ${chosen}: ${id} is installed as ${listed() || 'no plugin'}`);
    return found;
  }
  if (upgrade && all.length > 1) {
    throw new Error(
      `${id} is installed ${all.length} times: ${listed()}. Name the one to replace with --plugin; the database says which of them a data source uses (data_sources.plugin_id)`,
    );
  }
  return all[0];
}

/** Builds the request that installs or upgrades the plugin. */
function requestFor({ plugin, installed, version, upgrade }) {
  const { id, name, description } = plugin;
  if (installed && !upgrade) {
    throw new Error(
      `${id} is already installed (version ${installed.version}). Give --upgrade to replace it and keep its data sources, or build with an id of its own: npm run build -- --id openai_native --name "OpenAI (native)"`,
    );
  }
  if (!installed && upgrade) {
    throw new Error(`${id} is not installed, so there is nothing to upgrade: leave out --upgrade`);
  }
  return installed
    ? {
        method: 'PATCH',
        path: `/api/plugins/${installed.id}`,
        body: { pluginId: id, version, repo: '' },
      }
    : {
        method: 'POST',
        path: '/api/plugins/install',
        body: { id, name, description, version, repo: '' },
      };
}

/** ToolJet's marketplace page offers an "update" to its own plugin if the versions differ. */
async function versionFor({ tooljet, plugin, installed, version }) {
  const offered = version ?? (await tooljet.offeredVersion(plugin.id).catch(() => undefined));
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;
  return offered ?? installed?.version ?? own;
}

async function send(tooljet, request) {
  try {
    await tooljet.send(request);
  } catch (error) {
    if (!(error.status >= 500)) throw error;
    throw new Error(
      `${error.message}. ToolJet could probably not download the plugin: its server needs TOOLJET_MARKETPLACE_URL, and npm run serve must be running there`,
    );
  }
}

async function install(options) {
  const { url, workspace, folder, upgrade, 'dry-run': isDryRun } = options;
  const plugin = readPlugin(folder);
  const session = await readSession({ file: options['session-file'] });
  const tooljet = connectTooljet({ url, workspace, session });

  const before = await tooljet.installed(plugin.id);
  const installed = chooseInstalled(before, { id: plugin.id, chosen: options.plugin, upgrade });
  const version = await versionFor({ tooljet, plugin, installed, version: options.version });
  const request = requestFor({ plugin, installed, version, upgrade });

  print(`${installed ? 'Upgrade' : 'Install'} ${plugin.name} (${plugin.id}) at ${url}`);
  print(`${request.method} ${request.path} ${JSON.stringify(request.body)}`);
  if (isDryRun) {
    print('Dry run: nothing was changed.');
    return;
  }
  await send(tooljet, request);

  const isIt = installed
    ? ({ id }) => id === installed.id
    : ({ id }) => before.every((each) => each.id !== id);
  const now = (await tooljet.installed(plugin.id)).find(isIt);
  if (!isDeepStrictEqual(now?.manifestFile?.data, plugin.manifest)) {
    throw new Error(
      `ToolJet has installed another ${plugin.id}, not the one in ${folder}: its server's TOOLJET_MARKETPLACE_URL does not lead to npm run serve. Correct that, restart ToolJet and run this again with --upgrade`,
    );
  }
  print(`Done: ${plugin.name} ${now.version}, plugin ${now.id}.`);
  if (installed) {
    print(
      'Now restart every ToolJet server process, workers too: until then they run the old code.',
    );
  }
}

const print = (line) => process.stdout.write(`${printable(line)}\n`);

await runCommand(COMMAND, (options) => install(completed(options)));
