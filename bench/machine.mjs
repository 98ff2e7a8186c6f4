// Describes the machine of a run.

import { execFileSync, spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { ROOT } from '../scripts/setup.mjs';
import { NODE } from './processes.mjs';

export function describeMachine() {
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    name: `${cpus()[0].model.trim()}, ${availableParallelism()} cores, ${memory} GiB, Linux ${release()}`,
    node: execFileSync(NODE, ['--version'], { encoding: 'utf8' }).trim(),
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    commit: spawnSync('git', ['describe', '--always', '--dirty'], {
      cwd: ROOT,
      encoding: 'utf8',
    }).stdout?.trim(),
    loadAverage: loadavg()[0],
  };
}

/** Returns a warning if other programs use the machine, because that changes the metrics. */
export function warningAbout({ loadAverage }) {
  if (loadAverage < 0.5) return undefined;
  return `The load average was ${loadAverage.toFixed(1)} at the start: other programs were running, which distorts the metrics.`;
}
