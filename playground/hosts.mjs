// ToolJet's server with the plugin installed, as each of the two that the page imitates.

import { TOOLJETS } from '../host/forms.mjs';
import { createHost } from '../host/host.mjs';

/** The hosts by their ToolJet; `plugin` is the text of dist/index.js. */
export const createHosts = (plugin) =>
  new Map(TOOLJETS.map((tooljet) => [tooljet, createHost({ text: plugin, tooljet })]));
