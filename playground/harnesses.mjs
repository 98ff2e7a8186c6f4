// ToolJet's server with the plugin installed, once for each ToolJet that the page imitates.

import { TOOLJETS } from '../harness/forms.mjs';
import { createHarness } from '../harness/harness.mjs';

/** The harnesses by their ToolJet; `plugin` is the text of dist/index.js. */
export const createHarnesses = (plugin) =>
  new Map(TOOLJETS.map((tooljet) => [tooljet, createHarness({ text: plugin, tooljet })]));
