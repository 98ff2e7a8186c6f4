// Runs cargo and reports its progress.

import { runStep } from './steps.mjs';

/** cargo reports progress only in a terminal or on request. */
const TELLS = { CARGO_TERM_PROGRESS_WHEN: 'always', CARGO_TERM_PROGRESS_WIDTH: '200' };
const OWN = 'tooljet-openai';
// Right-aligned in twelve columns.
const STATUS = /^(?=.{12} ) *[A-Z][a-z]+ /;
const BAR = /^Building \[.*\] (\d+)\/(\d+)(?:: (.*))?$/;

/**
 * The progress in a line of cargo's output, in a few words: `63/118 crates`, `downloaded reqwest
 * v0.12.1`; undefined if the line does not tell. `isOptimized` says whether it builds a release.
 */
export function cargoDetail(line, { isOptimized = false } = {}) {
  const [, built, all, names = ''] = BAR.exec(line) ?? [];
  if (built) {
    const isLast = Number(built) >= Number(all) - 1 && names.startsWith(OWN);
    // This takes longest, without any news from cargo. An 80-column terminal has room for these words.
    if (isLast && isOptimized) return 'optimizing and linking, one to two minutes';
    return `${built}/${all} crates${isLast ? ', linking' : ''}`;
  }
  if (/^Blocking waiting for file lock/.test(line)) return 'waiting for another cargo';
  const [, verb, what = ''] = /^(Updating|Downloading|Downloaded|Locking) (.*)$/.exec(line) ?? [];
  return verb && `${verb.toLowerCase()} ${what}`.trim();
}

/** Whether a line of cargo's output only reports progress. */
export const isProgress = (line) => STATUS.test(line) || BAR.test(line.trim());

/** Runs cargo; resolves to its warnings and any other output except progress. */
export async function runCargo({ env, ...step }) {
  const isOptimized = step.args.includes('--release');
  return runStep({
    ...step,
    command: 'cargo',
    detail: (line) => cargoDetail(line, { isOptimized }),
    isProgress,
    env: { ...process.env, ...TELLS, ...env },
  });
}
