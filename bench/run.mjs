// npm run bench: compares this plugin with others, and writes bench/results/.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPlugin } from '../scripts/build-plugin.mjs';
import { Mistake, runCommand } from '../scripts/options.mjs';
import { createProgress } from '../scripts/progress.mjs';
import { installPackages, ROOT } from '../scripts/setup.mjs';
import { print } from '../scripts/terminal.mjs';

const BENCH = fileURLToPath(new URL('.', import.meta.url));

const COMMAND = {
  command: 'npm run bench',
  about: 'Compares this plugin with the others, and writes bench/results/.',
  options: {
    quick: {
      type: 'boolean',
      default: false,
      help: 'a few minutes instead of about twenty, with wider spread',
    },
    plugin: {
      type: 'string',
      value: 'FILE',
      help: 'measure this dist/index.js instead of building one',
    },
    out: {
      type: 'string',
      value: 'DIR',
      default: join(BENCH, 'results'),
      help: 'write the results there instead of bench/results',
    },
  },
};

await runCommand(COMMAND, async (options) => {
  if (process.platform !== 'linux') {
    throw new Mistake('the benchmark reads /proc, so it runs on Linux only, as ToolJet does.');
  }
  await installPackages(BENCH);
  if (!options.plugin) await buildPlugin();
  const plugin = options.plugin ?? join(ROOT, 'dist', 'index.js');
  if (!existsSync(plugin)) throw new Mistake(`there is no ${plugin}`);
  await bench({ ...options, plugin });
});

async function bench({ quick, plugin, out }) {
  // Imported late, because these need the packages of this folder, which may have been installed
  // only now.
  const { bundledContenders } = await import('./contenders.mjs');
  const { describeMachine, warningAbout } = await import('./machine.mjs');
  const { PLANS } = await import('./plan.mjs');
  const { measure } = await import('./measure.mjs');
  const { printTables } = await import('./report/tables.mjs');
  const { chart } = await import('./report/chart.mjs');
  const { markdown } = await import('./report/markdown.mjs');

  const machine = describeMachine();
  const plan = quick ? PLANS.quick : PLANS.full;
  print(`\n${machine.name}\nNode ${machine.node}, ${machine.date} UTC, commit ${machine.commit}`);
  const warning = warningAbout(machine);
  if (warning) print(warning);
  print();

  const contenders = await bundledContenders(plugin);
  const progress = createProgress('Measuring');
  let measured;
  try {
    measured = await measure({ plan, contenders, progress });
  } catch (error) {
    progress.stop();
    throw error;
  }
  progress.end('Measured');

  const results = {
    machine,
    command: `npm run bench${quick ? ' -- --quick' : ''}`,
    plan: { rounds: plan.rounds, warmup: plan.warmup, window: plan.window },
    contenders: contenders.map(({ id, name, bytes }) => ({ id, name, bytes })),
    ...measured,
  };
  printTables(results);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'latest.json'), `${JSON.stringify(results, rounded, 2)}\n`);
  writeFileSync(join(out, 'latest.svg'), chart(results));
  writeFileSync(join(out, 'latest.md'), markdown(results));
  print(`\nWritten to ${out}: latest.json, latest.svg, latest.md`);
}

/** Four significant digits: more would be noise, and change with every run. */
function rounded(_, value) {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value;
}
