// The user and the folders of one server process, laid out in a temporary folder.

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packedAddons, unpackAddon } from '../../scripts/pack.mjs';
import { PATIENCE_MS } from '../patience.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const node = process.env.NODE_UNDER_TEST ?? process.execPath;

/** The text of the built plugin; PLUGIN names another build. */
export const plugin = readFileSync(process.env.PLUGIN ?? join(root, 'dist', 'index.js'), 'utf8');

/** The platform of the Node under test, which may differ from this process's. */
export const platform = execFileSync(node, ['-p', "process.platform + '-' + process.arch"], {
  encoding: 'utf8',
}).trim();
const packed = packedAddons(plugin).find((each) => each.platform === platform);
if (!packed) throw new Error(`the built plugin holds no addon for ${platform}`);
const { sha256, base64 } = packed;

export const addon = unpackAddon(packed);
export const addonName = `tooljet-openai-${sha256}.node`;
/** The same plugin with other content in place of its packed addon. */
export const pluginWith = (content) => plugin.replace(base64, () => content);
export const pluginFor = (otherPlatform) =>
  plugin.replace(
    `'${platform}': { sha256: '${sha256}'`,
    `'${otherPlatform}': { sha256: '${sha256}'`,
  );

const isRoot = process.getuid() === 0;
const UNPRIVILEGED_UID = 12345;
export const OTHER_UID = 54321;

/** The parent of temporary folders, which every user can enter. */
const temporary = isRoot
  ? ([tmpdir(), '/tmp', '/var/tmp'].find(isOpenToAll) ?? tmpdir())
  : tmpdir();
/** Everything that a server process needs from this repository, readable by every user. */
const shared = shareServer();
/** Node, or a copy of it, that UNPRIVILEGED_UID can run; undefined if neither is possible. */
const sharedNode = isRoot ? shareNode() : node;

/** Why a condition cannot be set up here, or false. */
export const needsRoot = !isRoot && 'only root can give files to another user';
export const needsMount =
  !canMount() && 'only root can mount file systems, and not in every container';

/** Why a server cannot run as another user here, or false. */
export const needsSharedNode =
  sharedNode === undefined && `no other user can run ${node}, nor a copy of it in ${shared}`;

/** The users to run a condition as: this one, and for root also an unprivileged one. */
export const users = isRoot
  ? { root: 0, 'an unprivileged user': UNPRIVILEGED_UID }
  : { 'this user': process.getuid() };

export class Sandbox {
  constructor(uid) {
    this.uid = uid;
    this.mounts = [];
    this.root = makeFolder();
    this.home = this.folder('home');
    this.server = this.folder('server');
    this.tmp = this.folder('tmp', { mode: 0o1777, uid: process.getuid() });
    this.cache = join(this.home, '.cache', 'tooljet-openai');
    this.tmpFolder = join(this.tmp, `tooljet-openai-${uid}`);
    this.serverFolder = join(this.server, `.tooljet-openai-${uid}`);
    this.env = { HOME: this.home, TMPDIR: this.tmp, PATH: process.env.PATH };
  }

  /** Creates a folder with its parents; a relative path is below the sandbox's root. */
  folder(path, { mode = 0o700, uid = this.uid } = {}) {
    const whole = path.startsWith('/') ? path : join(this.root, path);
    for (let at = whole, missing = []; ; at = dirname(at)) {
      if (existsSync(at)) {
        for (const folder of missing.reverse())
          this.#own(folder, () => mkdirSync(folder), 0o700, this.uid);
        break;
      }
      missing.push(at);
    }
    this.#own(whole, () => {}, mode, uid);
    return whole;
  }

  file(path, content, { mode = 0o600, uid = this.uid } = {}) {
    this.#own(path, () => writeFileSync(path, content), mode, uid);
    return path;
  }

  pipe(path) {
    this.#own(path, () => run('mkfifo', [path]), 0o600, this.uid);
  }

  #own(path, make, mode, uid) {
    make();
    chmodSync(path, mode);
    if (isRoot) chownSync(path, uid, uid);
  }

  /** Mounts a separate tmpfs over a folder; options as for mount(8). */
  mount(path, options) {
    const { mode, uid } = lstatSync(path);
    const given = `mode=${(mode & 0o7777).toString(8)},uid=${uid}${options ? `,${options}` : ''}`;
    run('mount', ['-t', 'tmpfs', '-o', given, 'tmpfs', path]);
    this.mounts.push(path);
  }

  makeReadOnly(path) {
    run('mount', ['-o', 'remount,ro', path]);
  }

  /** Runs a server in this sandbox; see server.mjs for the task and the report. */
  async serve({ text = plugin, env = {}, ...task } = {}) {
    const file = join(this.root, 'plugin.js');
    if (!existsSync(file)) this.file(file, text, { mode: 0o644 });
    const script = join(shared, '__tests__', 'loading', 'server.mjs');
    const { stdout } = await promisify(execFile)(
      this.uid === process.getuid() ? node : sharedNode,
      [script, JSON.stringify({ ...task, plugin: file })],
      {
        cwd: this.server,
        env: { ...this.env, ...env },
        timeout: PATIENCE_MS,
        ...(isRoot && { uid: this.uid, gid: this.uid }),
      },
    );
    return JSON.parse(stdout);
  }

  /** Lists a folder; empty if it does not exist. */
  list(folder) {
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  /** Describes where the one load of a report came from. */
  whereFrom({ loaded, loads }) {
    if (!loaded) return 'nowhere';
    const names = new Map([
      [this.cache, 'the cache folder'],
      [this.tmpFolder, 'the temporary folder'],
      [this.serverFolder, "the server's folder"],
      [this.env.TOOLJET_OPENAI_ADDON_DIR, 'the configured folder'],
      ['/proc/self/fd', 'an unnamed file'],
    ]);
    return names.get(dirname(loads[0])) ?? loads[0];
  }

  dispose() {
    for (const path of this.mounts) run('umount', ['-l', path]);
    rmSync(this.root, { recursive: true, force: true });
  }
}

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

function canMount() {
  if (!isRoot || process.platform !== 'linux') return false;
  const folder = makeFolder();
  try {
    run('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
    run('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function makeFolder() {
  const folder = realpathSync(mkdtempSync(join(temporary, 'loading-')));
  chmodSync(folder, 0o755);
  return folder;
}

function isOpenToAll(path) {
  if (!existsSync(path)) return false;
  for (let at = realpathSync(path); ; at = dirname(at)) {
    if ((lstatSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Copies the server's script and its imports, because the clone may be in a private folder. */
function shareServer() {
  const folder = makeFolder();
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const path of ['__tests__/loading/server.mjs', 'harness']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  run('chmod', ['-R', 'a+rX', folder]);
  return folder;
}

/** Copies Node only if it is in a private folder, such as /root/.nvm. */
function shareNode() {
  const canRun = (file) =>
    spawnSync(file, ['-e', ''], { uid: UNPRIVILEGED_UID, gid: UNPRIVILEGED_UID, cwd: '/', env: {} })
      .status === 0;
  if (canRun(node)) return node;
  const copy = join(shared, 'node');
  copyFileSync(realpathSync(node), copy);
  chmodSync(copy, 0o755);
  return canRun(copy) ? copy : undefined;
}
