// npm run bench: compares this plugin with others, and writes bench/results/.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPlugin } from '../scripts/build-plugin.mjs';
import { Mistake, runCommand } from '../scripts/options.mjs';
import { createProgress } from '../scripts/progress.mjs';
import { installPackages, ROOT, runOrExit } from '../scripts/setup.mjs';
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
    list: {
      type: 'boolean',
      default: false,
      help: 'compare a list of 1,000 prompts in one query with a loop of 1,000 queries instead; a few minutes',
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
  const examples = ['bench_api', 'bench_client'].flatMap((name) => ['--example', name]);
  runOrExit('cargo', ['build', '--locked', '--release', ...examples]);
  if (!options.plugin) await buildPlugin();
  const plugin = options.plugin ?? join(ROOT, 'dist', 'index.js');
  if (!existsSync(plugin)) throw new Mistake(`there is no ${plugin}`);
  await bench({ ...options, plugin });
});

async function bench({ quick, list, plugin, out }) {
  // Imported late, because these need the packages of this folder, which may have been installed
  // only now.
  const { bundledContenders } = await import('./contenders.mjs');
  const { describeMachine, warningAbout } = await import('./machine.mjs');
  const { LIST_PLANS, PLANS } = await import('./plan.mjs');
  const { measure, measureLists } = await import('./measure.mjs');
  const { printTables } = await import('./report/tables.mjs');
  const { printLists } = await import('./report/lists.mjs');
  const { chart } = await import('./report/chart.mjs');
  const { markdown } = await import('./report/markdown.mjs');

  const machine = describeMachine();
  const plan = (list ? LIST_PLANS : PLANS)[quick ? 'quick' : 'full'];
  print(`\n${machine.name}\nNode ${machine.node}, ${machine.date} UTC, commit ${machine.commit}`);
  const warning = warningAbout(machine);
  if (warning) print(warning);
  print();

  const contenders = await bundledContenders(plugin);
  const progress = createProgress('Measuring');
  let measured;
  try {
    measured = list
      ? await measureLists({ plan, contenders, progress })
      : await measure({ plan, contenders, progress });
  } catch (error) {
    progress.stop();
    throw error;
  }
  progress.end('Measured');

  const options = `${list ? ' --list' : ''}${quick ? ' --quick' : ''}`;
  const { rounds, warmup, window } = plan;
  const results = {
    machine,
    command: `npm run bench${options && ` --${options}`}`,
    plan: { rounds, warmup, window },
    contenders: contenders.map(({ id, name, bytes }) => ({ id, name, bytes })),
    ...measured,
  };
  mkdirSync(out, { recursive: true });
  const write = (name, text) => writeFileSync(join(out, name), text);
  if (list) {
    printLists(results);
    write('lists.json', `${JSON.stringify(results, rounded, 2)}\n`);
  } else {
    printTables(results);
    write('latest.json', `${JSON.stringify(results, rounded, 2)}\n`);
    write('latest.svg', chart(results));
  }
  // The table shows the latest results of both measurements.
  const read = (name) => JSON.parse(readFileSync(join(out, name), 'utf8'));
  const hasBoth = ['latest.json', 'lists.json'].every((name) => existsSync(join(out, name)));
  if (hasBoth) write('latest.md', markdown(read('latest.json'), read('lists.json')));
  print(`\nWritten to ${out}`);
}

/** Four significant digits: more would be noise, and change with every run. */
function rounded(_, value) {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value;
}
