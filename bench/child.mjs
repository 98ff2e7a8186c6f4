// One measurement: a process that takes the place of ToolJet's server, with one contender as its plugin.

import { burst } from './tasks/burst.mjs';
import { cold } from './tasks/cold.mjs';
import { growth } from './tasks/growth.mjs';
import { list } from './tasks/list.mjs';
import { load } from './tasks/load.mjs';

const TASKS = { burst, cold, growth, list, load };

// The parent has ended.
process.on('disconnect', () => process.exit());

process.once('message', async ({ task, options }) => {
  let outcome;
  try {
    outcome = { result: await TASKS[task](options, (phase) => process.send({ phase })) };
  } catch (error) {
    outcome = { error: [error.stack, error.description].filter(Boolean).join('\n') };
  }
  process.send(outcome, () => process.exit());
});
