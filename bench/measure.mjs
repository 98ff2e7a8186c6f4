// Runs a plan: the API in one process, and one process after another with a contender.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificates } from './certificates.mjs';
import { EMPTY, OURS } from './contenders.mjs';
import {
  BURST,
  GROWTH,
  hasLists,
  LIST,
  LISTS,
  MAIN,
  NO_ADDON,
  takesPart,
  WITH_ADDON_FILE,
  WITHOUT_ADDON_FILE,
} from './plan.mjs';
import { runClient, runTask, startApi } from './processes.mjs';
import { ANSWER_SIZES, answerBody, answerText, requestBody } from './responses.mjs';
import { summary } from './statistics.mjs';

export async function measure({ plan, contenders, progress }) {
  return withSession(async (session) => {
    const cold = await coldStarts(session, { plan, contenders, progress });
    const loads = await allLoads(session, { plan, contenders, progress });
    const growth = await measureGrowth(session, { contenders, progress });
    const burst = await measureBurst(session, { contenders, progress });
    return { loads, cold, growth, burst };
  });
}

/**
 * Compares lists of this plugin with loops of queries of every contender. The ceilings are what the machine and the API
 * leave to any plugin.
 */
export async function measureLists({ plan, contenders, progress }) {
  return withSession(async (session) => {
    const runs = LISTS.flatMap((cell) =>
      contenders.flatMap((contender) =>
        [false, true]
          .filter((isOneQuery) => !isOneQuery || hasLists(contender))
          .map((isOneQuery) => ({ cell: { ...cell, isOneQuery }, contender, rounds: [] })),
      ),
    );
    const ceilings = LISTS.map((cell) => ({ cell, rounds: [] }));
    for (let round = 0; round < plan.rounds; round += 1) {
      for (const { cell, rounds } of ceilings) rounds.push(await ceiling(session, cell));
      const order = round % 2 === 0 ? runs : runs.toReversed();
      for (const [index, { cell, contender, rounds }] of order.entries()) {
        progress.update(
          `round ${round + 1} of ${plan.rounds}, ${index + 1} of ${runs.length}: ${contender.id}`,
        );
        const { isOneQuery } = cell;
        const { rows, parallel } = LIST;
        const [warmup, times] = isOneQuery ? [rows, LIST.lists] : [LIST.warmup, 1];
        rounds.push(
          await observed(session, 'list', {
            cell,
            contender,
            options: { rows, times, parallel, isOneQuery, warmup },
          }),
        );
      }
    }
    const lists = runs.map(({ cell, contender, rounds }) => ({
      ...cell,
      contender: contender.id,
      ...summarize(rounds),
    }));
    return {
      lists,
      ceilings: ceilings.map(({ cell, rounds }) => ({ ...cell, ...summarize(rounds) })),
    };
  });
}

/** The rows per second of a client without a plugin. */
async function ceiling({ prepare, optionsFor, caFile }, cell) {
  await prepare(cell);
  const { baseUrl } = optionsFor({}, cell);
  const [firstRowsPerSecond, ...others] = await runClient({
    ca: caFile,
    url: `${baseUrl}/chat/completions`,
    body: requestBody(),
    parallel: LIST.parallel,
    passes: Array.from({ length: 1 + LIST.lists }, () => LIST.rows),
  });
  return { firstRowsPerSecond, rowsPerSecond: summary(others).median };
}

async function withSession(run) {
  const folder = mkdtempSync(join(tmpdir(), 'tooljet-openai-bench-'));
  const api = startApi();
  try {
    const caFile = join(folder, 'ca.pem');
    const ports = await api.call('listen', await createCertificates(caFile));
    return await run({
      api,
      optionsFor: ({ id, file }, { protocol, answer }) => ({
        file,
        baseUrl: `${protocol}://localhost:${ports[protocol]}/v1`,
        length: id === EMPTY ? 0 : answerText(ANSWER_SIZES[answer]).length,
      }),
      // Set every place where the addon's file may be. Otherwise, a file in this user's cache would be
      // found before a new one is written.
      env: (own = folder) => ({
        NODE_EXTRA_CA_CERTS: caFile,
        TOOLJET_OPENAI_ADDON_DIR: own,
        HOME: own,
        TMPDIR: own,
      }),
      prepare: ({ answer, serverTime }) =>
        api.call('prepare', { body: answerBody(ANSWER_SIZES[answer]), serverTime }),
      caFile,
      folder,
    });
  } finally {
    api.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function allLoads(session, { plan, contenders, progress }) {
  const runs = plan.cells.flatMap((cell) =>
    contenders
      .filter((contender) => takesPart(contender, cell))
      .map((contender) => ({ cell, contender, rounds: [] })),
  );
  for (let round = 0; round < plan.rounds; round += 1) {
    // Every second round runs in reverse, so that no contender always follows the same one.
    const order = round % 2 === 0 ? runs : runs.toReversed();
    for (const [index, { cell, contender, rounds }] of order.entries()) {
      progress.update(
        `round ${round + 1} of ${plan.rounds}, ${index + 1} of ${runs.length}: ${contender.id}`,
      );
      rounds.push(await oneLoad(session, { cell, contender, plan }));
    }
  }
  return runs.map(({ cell, contender, rounds }) => ({
    ...cell,
    contender: contender.id,
    ...summarize(rounds),
  }));
}

async function oneLoad(session, { cell, contender, plan }) {
  const { concurrency } = cell;
  const { warmup, window } = plan;
  return observed(session, 'load', { cell, contender, options: { concurrency, warmup, window } });
}

/** Runs a task, and adds the API's own metrics during it. */
async function observed({ api, optionsFor, env, prepare }, task, { cell, contender, options }) {
  await prepare(cell);
  const observations = [];
  const result = await runTask(
    task,
    { ...optionsFor(contender, cell), ...options },
    { env: env(), onPhase: () => observations.push(api.call('observe')) },
  ).catch((error) => {
    throw new Error(`${contender.id}, ${JSON.stringify(options)}: ${error.message}`);
  });
  const [before, after] = await Promise.all(observations);
  const { tcp, tls } = await api.call('observe');
  const elapsed = after.at - before.at;
  return {
    ...result,
    tcpConnections: tcp,
    tlsConnections: tls,
    apiBusy: (after.ran - before.ran) / elapsed,
    apiWaitedForCore: (after.waited - before.waited) / elapsed,
  };
}

/** Median, minimum and maximum of every metric over the rounds. */
function summarize(rounds) {
  const names = Object.keys(rounds[0]);
  return {
    metrics: Object.fromEntries(
      names.map((name) => [name, summary(rounds.map((round) => round[name]))]),
    ),
  };
}

/** Measures the first queries of a process, over HTTP, because connecting then takes almost no time. */
async function coldStarts({ optionsFor, env, prepare, folder }, { plan, contenders, progress }) {
  const cell = { ...MAIN, protocol: 'http' };
  await prepare(cell);
  const starts = contenders.flatMap((contender) => {
    const kinds = contender.id === OURS ? [WITHOUT_ADDON_FILE, WITH_ADDON_FILE] : [NO_ADDON];
    return kinds.map((kind) => ({ contender, kind, times: [] }));
  });
  for (let round = 0; round < plan.coldStarts; round += 1) {
    progress.update(`first queries, ${round + 1} of ${plan.coldStarts}`);
    for (const { contender, kind, times } of starts) {
      const own = mkdtempSync(join(folder, 'addon-'));
      const start = () => runTask('cold', optionsFor(contender, cell), { env: env(own) });
      if (kind === WITH_ADDON_FILE) await start();
      if (kind !== NO_ADDON) assertAddonFile(own, kind === WITH_ADDON_FILE);
      times.push((await start()).first);
      if (kind !== NO_ADDON) assertAddonFile(own, true);
      rmSync(own, { recursive: true });
    }
  }
  return starts.map(({ contender, kind, times }) => ({
    contender: contender.id,
    kind,
    milliseconds: summary(times),
  }));
}

/** Throws if a start found the file elsewhere, because it was then not a first start. */
function assertAddonFile(folder, expected) {
  const found = readdirSync(folder).some((name) => name.endsWith('.node'));
  if (found !== expected) {
    throw new Error(`a first query ${expected ? 'left no' : 'would find an'} addon file`);
  }
}

/** Runs 20,000 queries of this plugin, and of the empty one to show how the harness itself grows. */
async function measureGrowth({ optionsFor, env, prepare }, { contenders, progress }) {
  await prepare(MAIN);
  const growths = [];
  for (const contender of contenders.filter(({ id }) => id === OURS || id === EMPTY)) {
    progress.update(`${GROWTH.queries} queries: ${contender.id}`);
    const { samples } = await runTask(
      'growth',
      { ...optionsFor(contender, MAIN), ...GROWTH },
      { env: env(), flags: ['--expose-gc'] },
    );
    growths.push({ contender: contender.id, samples });
  }
  return growths;
}

async function measureBurst({ optionsFor, env }, { contenders, progress }) {
  const bursts = [];
  for (const contender of contenders.filter(({ id }) => id !== EMPTY)) {
    progress.update(`${BURST.hosts} new hosts at once: ${contender.id}`);
    const result = await runTask(
      'burst',
      { ...optionsFor(contender, MAIN), ...BURST },
      { env: env() },
    );
    bursts.push({ contender: contender.id, ...result });
  }
  return bursts;
}
