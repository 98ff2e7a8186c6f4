// Takes the place of ToolJet's process: runs the attack's queries and those of a victim at the same
// time. Everything that blocks the main thread and is not the plugin's work is done before the
// measurement.

import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { createHarness } from '../../harness/harness.mjs';
import { loadPlugin } from '../../harness/loaders.mjs';
import { attackNamed } from './attacks.mjs';
import { repeated } from './content.mjs';

const VICTIM_KEY = 'sk-victim-0123456789abcdef';
const HANG_DEADLINE_MS = 500;
/** For attacks that would never end by themselves. */
const DEADLINE_MS = 4_000;
const SHORT_DEADLINE_MS = 1_000;
const CALM_QUERIES = 3;
/** A plugin that does nothing, to measure the overhead of the measurement itself. */
const NO_PLUGIN = 'module.exports.default = class { async run() { return { status: "ok" }; } };';
const RESOLUTION_MS = 10;
const PACE_MS = 20;

process.once('message', async (order) => {
  try {
    await measure(order);
  } catch (error) {
    process.send({ failed: error.stack });
  }
});
process.on('disconnect', () => process.exit());

async function measure({ name, short, plugin, victim, attacker, seconds, grace, every, isEmpty }) {
  const attack = attackNamed(name);
  const text = readFileSync(plugin, 'utf8');
  const victims = createVictims({ text, origin: victim, every });
  await victims.warmUp();

  const size = short ? attack.short : attack.size;
  const queries = attack.queries({
    url: `${attacker.origin}/v1`,
    urls: attacker.urls,
    size,
    deadline: short ? SHORT_DEADLINE_MS : DEADLINE_MS,
  });
  const parseMs = attack.isSlowToParse ? longestParse(queries) : 0;
  globalThis.gc();
  resetPeakMemory();
  process.send({ ready: true, rss: process.memoryUsage.rss(), parseMs });

  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const worstDelay = () => Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  delay.enable();
  victims.start('calm');
  await wait(CALM_QUERIES * every);
  process.send({ calm: { loop: worstDelay() } });
  delay.reset();

  victims.start('attack');
  const asked = createAsked(isEmpty ? NO_PLUGIN : text);
  const began = performance.now();
  const special = await runAttack({ attack, queries, size, plugin, asked, seconds, grace });
  // At least one victim must come after the attack's start.
  const least = Math.max(seconds * 1000, 2 * every);
  await wait(Math.max(0, least - (performance.now() - began)));
  const { late, ...metrics } = asked.metrics();
  const worstLate = Math.max(late, special.late ?? 0);
  process.send({ attacked: { loop: worstDelay(), ...metrics, late: worstLate } });
  delay.disable();
  await victims.stop();
  process.send({ done: true });

  process.on('message', () => {
    queries.length = 0;
    globalThis.gc();
    process.send({ rssAfter: process.memoryUsage.rss() });
  });
}

/** Runs the attack's queries until the time is over and all have ended, or `grace` has passed. */
async function runAttack({ attack, queries, size, plugin, asked, seconds, grace }) {
  const end = performance.now() + seconds * 1000;
  const isOver = () => performance.now() >= end;
  const limit = wait((seconds + (attack.endless ? 0 : grace)) * 1000, undefined, { ref: false });
  if (attack.run) {
    const run = attack.run({ queries, size, plugin, isOver, ask: asked.ask });
    return (await Promise.race([run, limit])) ?? {};
  }
  const lanes = attack.lanes ?? queries.length;
  const pace = createPace(PACE_MS);
  const lane = async (number) => {
    for (let at = number; at < queries.length; at += lanes) {
      await asked.ask(queries[at]);
      while (!attack.once && !isOver()) {
        await pace();
        await asked.ask(queries[at]);
      }
    }
  };
  const all = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  await Promise.race([all, limit]);
  return {};
}

/** How long ToolJet's server is blocked by parsing the request with one of the queries. */
function longestParse(queries) {
  const times = queries.map((query) => {
    const body = JSON.stringify(query);
    const began = performance.now();
    JSON.parse(body);
    return performance.now() - began;
  });
  return Math.max(...times);
}

/**
 * Lets one query pass per interval. A query costs ToolJet some milliseconds, whatever the plugin
 * does, so a tenant who never pauses would delay others by that alone.
 */
function createPace(ms) {
  let next = 0;
  return async () => {
    const now = performance.now();
    next = Math.max(now, next + ms);
    await wait(next - now);
  };
}

/** Runs queries as ToolJet does, each in a separate context, and counts the outcomes. */
function createAsked(text) {
  const outcomes = {};
  const open = new Map();
  const badErrors = new Set();
  let late = 0;
  let longest = 0;
  let number = 0;
  let turn = Promise.resolve();

  const count = (outcome) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const settle = (id, outcome) => {
    const { began, deadline } = open.get(id);
    open.delete(id);
    const ms = performance.now() - began;
    longest = Math.max(longest, ms);
    if (deadline > 0) late = Math.max(late, ms - deadline);
    count(outcome);
    return { ms, outcome };
  };

  return {
    async ask(query) {
      const [source, options] = typeof query === 'function' ? query() : query;
      // A server receives requests one by one, each in a separate turn of the event loop.
      turn = turn.then(() => nextTurn());
      await turn;
      number += 1;
      const id = number;
      const plugin = new (loadPlugin(text))();
      open.set(id, { began: performance.now(), deadline: deadlineOf(options) });
      try {
        await plugin.run(source, options);
        return settle(id, 'ok');
      } catch (error) {
        const violation = badErrorOf(error);
        if (violation) badErrors.add(violation);
        return settle(id, violation ? 'bad error' : (error.data?.code ?? 'error'));
      }
    },
    metrics() {
      const now = performance.now();
      for (const { began, deadline } of open.values()) {
        if (deadline > 0) late = Math.max(late, now - began - deadline);
      }
      return { outcomes, unfinished: open.size, late, longest, badErrors: [...badErrors] };
    },
  };
}

function deadlineOf(options) {
  try {
    return Number(options?.query_timeout) || 0;
  } catch {
    return 0;
  }
}

const MAX_DESCRIPTION_CHARS = 10_000;

/** A tenant should learn what was wrong in a few sentences. */
function badErrorOf(error) {
  const { description } = error ?? {};
  if (error?.constructor?.name !== 'QueryError')
    return `no QueryError: ${String(error).slice(0, 80)}`;
  if (typeof description !== 'string' || description === '')
    return 'an error without a description';
  const isRaw = /serde_json|\bnapi\b|InvalidArg|Maximum call stack|Invalid string length/.exec(
    description,
  );
  if (isRaw) return `a raw error: ${description.slice(0, 120)}`;
  return description.length > MAX_DESCRIPTION_CHARS && 'an error with an endless description';
}

/**
 * Another tenant, whose queries are due at regular intervals whether or not the last one has been
 * answered: waiting for the event loop counts, too. Reports each one to the parent at once, because
 * this process may not live long.
 */
function createVictims({ text, origin, every }) {
  const harness = createHarness({ text });
  const padding = repeated('Is there anybody? ', 1_000);
  const open = new Set();
  let phase;
  let timer;
  let number = 0;

  const source = (path) => ({
    apiKey: VICTIM_KEY,
    base_url: `${origin}${path}/v1`,
    max_retries: 0,
  });
  const options = (more) => ({ operation: 'chat', prompt: `${padding}#${number}`, ...more });

  async function askOne(due, path) {
    const answer = `Pong #${number}`;
    const asked = { phase };
    const result = await harness.run(source(path), options({ query_timeout: 60_000 }));
    const isRight = result.status === 'ok' && result.data === answer;
    const wrong = isRight ? undefined : (result.description ?? 'the answer of another query');
    process.send({ victim: { ...asked, ms: performance.now() - due, wrong } });
  }

  /** A query that its own server never answers, to check how exactly its deadline is met. */
  async function askHanging() {
    const asked = { phase };
    const began = performance.now();
    // Not through the harness, whose own timer would end it.
    const plugin = new (loadPlugin(text))();
    await plugin
      .run(source('/hang'), options({ query_timeout: HANG_DEADLINE_MS }))
      .catch(() => undefined);
    process.send({
      hanging: { ...asked, late: performance.now() - began - HANG_DEADLINE_MS },
    });
  }

  const keep = (promise) => {
    open.add(promise);
    promise.finally(() => open.delete(promise));
  };

  return {
    async warmUp() {
      for (const path of ['', '/close', '']) {
        number += 1;
        const result = await harness.run(source(path), options());
        if (result.status !== 'ok') throw new Error(`no attack, but: ${result.description}`);
      }
    },
    start(newPhase) {
      phase = newPhase;
      clearTimeout(timer);
      let due = performance.now() + every / 2;
      const ask = () => {
        number += 1;
        // Every other query needs a new connection.
        keep(askOne(due, number % 2 ? '' : '/close'));
        keep(askHanging());
        due += every;
        timer = setTimeout(ask, Math.max(0, due - performance.now()));
      };
      timer = setTimeout(ask, Math.max(0, due - performance.now()));
    },
    async stop() {
      clearTimeout(timer);
      const limit = wait(60_000, undefined, { ref: false });
      await Promise.race([Promise.all(open), limit]);
      for (let left = open.size; left > 0; left -= 1) {
        process.send({ victim: { phase: 'attack', ms: 60_000, wrong: 'it did not end' } });
      }
    },
  };
}

/** Excludes the preparation from the peak of memory. */
function resetPeakMemory() {
  writeFileSync('/proc/self/clear_refs', '5');
}
