// Runs one attack: the attacked process, the servers of attacker and victim, and what /proc shows
// about the process.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const SAMPLE_MS = 50;
/** As in ToolJet's own Docker image. */
const HEAP = '--max-old-space-size=4096';
/** Loopback addresses stand for internet addresses, which ToolJet's rules allow. */
const ENVIRONMENT = { SSRF_PROTECTION_ENABLED: 'false', TOOLJET_EDITION: 'ce' };
/** Protects this machine from the attacked process. */
const MAX_RSS = 8 * 2 ** 30;
const MIB = 2 ** 20;
/** How long to wait for a blocked main thread. */
const PATIENCE_SECONDS = 90;
const VICTIM_NAME = 'victim.attack.test';

/** Why an attack cannot run here; undefined if it can. */
export function skipReason({ silentResolver }) {
  if (process.platform !== 'linux') return 'only Linux has /proc and 127.0.0.0/8';
  if (silentResolver && !isRoot) return 'another resolver for one process needs root';
  return undefined;
}

/**
 * On a busy machine, the measured process gets priority, because other work is not part of the
 * attack. Only root can raise a priority; for other users, the attacker gets a lower one, as if on
 * another machine.
 */
const isRoot = process.getuid?.() === 0;
const FAVORED = isRoot ? ['nice', '-n', '-10'] : [];
const UNFAVORED = isRoot ? [] : ['nice', '-n', '10'];

/**
 * Resolves to the metrics. If `idle` is not 0, `afterIdle` is a promise of two more: the memory of
 * the process after idling this many seconds, and whether it ended meanwhile.
 */
export async function runAttack(attack, options) {
  const { short, seconds, grace, every, idle, plugin, isEmpty } = options;
  const size = short ? attack.short : attack.size;
  const stops = [];
  const stopAll = async () => {
    for (const stop of stops.reverse()) await stop();
  };
  try {
    const victim = startServer('victim', 0);
    const attacker = startServer(attack.name, size);
    stops.push(victim.stop, attacker.stop);
    const [victimReady, attackerReady] = await Promise.all([victim.ready, attacker.ready]);
    const surroundings = attack.silentResolver ? await silenceNames() : { wrap: [], stop() {} };
    stops.push(surroundings.stop);
    const tooljet = startTooljet([...surroundings.wrap, ...withDescriptors(attack)]);
    stops.push(tooljet.stop);
    const origin = attack.silentResolver
      ? victimReady.origin.replace('127.0.0.1', VICTIM_NAME)
      : victimReady.origin.replace('127.0.0.1', 'localhost');
    tooljet.send({
      ...{ name: attack.name, short, plugin, victim: origin, attacker: attackerReady },
      ...{ seconds, grace, every, isEmpty },
    });
    const limit = seconds + grace + PATIENCE_SECONDS;
    await Promise.race([tooljet.ended(limit), victim.failed, attacker.failed]);
    const metrics = { name: attack.name, size, ...tooljet.metrics() };
    // Makes everything fail that the attack still waits for.
    await attacker.stop();
    if (!idle || metrics.exit) {
      await stopAll();
      return { ...metrics, afterIdle: undefined };
    }
    const afterIdle = tooljet.memoryAfter(idle).finally(stopAll);
    return { ...metrics, afterIdle };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function startServer(name, size) {
  const child = start([
    ...(name === 'victim' ? FAVORED : UNFAVORED),
    ...[process.execPath, file('./server.mjs'), name, String(size)],
  ]);
  const ended = once(child, 'exit');
  let isStopping = false;
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr = `${stderr}${data}`.slice(-2_000);
  });
  const failed = ended.then(([code, signal]) => {
    if (isStopping) return;
    throw new Error(`the server of ${name} has ended: ${code ?? signal}\n${stderr}`);
  });
  failed.catch(() => {});
  return {
    ready: Promise.race([once(child, 'message').then(([message]) => message), failed]),
    failed,
    async stop() {
      isStopping = true;
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const start = ([command, ...args]) =>
  spawn(command, args, {
    env: { ...process.env, ...ENVIRONMENT },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });

function startTooljet(wrap) {
  const child = start([
    ...FAVORED,
    ...wrap,
    ...[process.execPath, HEAP, '--expose-gc', file('./tooljet.mjs')],
  ]);
  const exited = once(child, 'close');
  const seen = { victims: [], hanging: [], stderr: '' };
  let peak = { rss: 0, descriptors: 0 };
  let exit;
  let isStopping = false;
  let finish;
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  let tell;
  const told = new Promise((resolve) => {
    tell = resolve;
  });

  child.stderr.on('data', (data) => {
    seen.stderr = `${seen.stderr}${data}`.slice(-2_000);
  });
  child.on('message', ({ victim, hanging, ready, rss, done, failed, ...rest }) => {
    if (victim) seen.victims.push(victim);
    if (hanging) seen.hanging.push(hanging);
    if (ready) {
      seen.rssBefore = rss;
      peak = { rss: 0, descriptors: 0 };
    }
    if (failed) seen.failed = failed;
    Object.assign(seen, rest);
    if (seen.rssAfter) tell();
    if (done || failed) finish();
  });
  exited.then(([code, signal]) => {
    if (!isStopping) exit = exit ?? signal ?? `code ${code}`;
    finish();
  });
  const sampling = setInterval(() => {
    const { rss, peakRss, descriptors } = sample(child.pid);
    // Until then, the peak belongs to the preparation.
    if (seen.rssBefore) peak.rss = Math.max(peak.rss, peakRss);
    peak.descriptors = Math.max(peak.descriptors, descriptors);
    if (rss > MAX_RSS) {
      exit = `ended here, at ${Math.round(rss / 2 ** 30)} GiB`;
      child.kill('SIGKILL');
    }
  }, SAMPLE_MS);

  return {
    send: (order) => child.send(order),
    async ended(limit) {
      const tooLong = Symbol('too long');
      const timer = wait(limit * 1000, tooLong, { ref: false });
      if ((await Promise.race([finished, timer])) === tooLong) {
        exit = `ended here: its main thread did not answer within ${limit} s`;
      }
      if (seen.failed) throw new Error(seen.failed);
    },
    metrics: () => collectMetrics(seen, peak, exit),
    async memoryAfter(idle) {
      await Promise.race([wait(idle * 1000), exited]);
      if (exit) return { exit };
      child.send('memory');
      await Promise.race([told, wait(10_000, undefined, { ref: false })]);
      return { rssAfter: seen.rssAfter && seen.rssAfter / MIB };
    },
    async stop() {
      isStopping = true;
      clearInterval(sampling);
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const NOTHING = { rss: 0, peakRss: 0, descriptors: 0 };

function sample(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (name) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
    const descriptors = readdirSync(`/proc/${pid}/fd`).length;
    return { rss: bytes('VmRSS'), peakRss: Math.max(bytes('VmHWM'), bytes('VmRSS')), descriptors };
  } catch {
    return NOTHING; // the process has ended
  }
}

function collectMetrics(seen, peak, exit) {
  const { victims, hanging, calm, attacked = {}, rssBefore, parseMs, stderr } = seen;
  const during = victims.filter(({ phase }) => phase === 'attack');
  const before = victims.filter(({ phase }) => phase === 'calm');
  const times = during.map(({ ms }) => ms).sort((a, b) => a - b);
  const wrong = during.filter((victim) => victim.wrong);
  const lates = hanging.filter(({ phase }) => phase === 'attack').map(({ late }) => late);
  const { loop, late = 0, outcomes, unfinished, longest, badErrors = [] } = attacked;
  return {
    victims: during.length,
    failures: wrong.length,
    reasons: [...new Set(wrong.map((victim) => victim.wrong))].slice(0, 3),
    median: times[Math.floor(times.length / 2)],
    worst: times.at(-1),
    parseMs,
    calmWorst: Math.max(0, ...before.map(({ ms }) => ms)),
    calmLoop: calm?.loop,
    loop,
    rssBefore: rssBefore / MIB,
    peakRss: peak.rss / MIB,
    descriptors: peak.descriptors,
    late: Math.max(0, late, ...lates),
    attackLate: late,
    victimLate: Math.max(0, ...lates),
    ...{ outcomes, unfinished, longest, badErrors },
    exit,
    ...(exit && { stderr: stderr.trim().split('\n').slice(0, 5).join('\n') }),
  };
}

const withDescriptors = ({ descriptors }) =>
  descriptors ? ['prlimit', `--nofile=${descriptors}:${descriptors}`] : [];

/**
 * Gives one process a resolver that never responds: other files replace /etc/resolv.conf and
 * /etc/hosts in its own mount namespace.
 */
async function silenceNames() {
  const folder = mkdtempSync(join(tmpdir(), 'attack-'));
  // A separate address, because there is only one port and another attack may still be idling.
  const resolver = `127.10.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  writeFileSync(join(folder, 'resolv.conf'), `nameserver ${resolver}\n`);
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost ${VICTIM_NAME}\n`);
  const socket = dgram.createSocket('udp4');
  socket.bind(53, resolver);
  await once(socket, 'listening');
  const script = `mount --bind ${folder}/resolv.conf /etc/resolv.conf && mount --bind ${folder}/hosts /etc/hosts && exec "$@"`;
  return {
    wrap: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'],
    stop() {
      socket.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
