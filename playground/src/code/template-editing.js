// Templates `{{ … }}` in code fields: their color, and the names that they may contain.

import { Decoration, MatchDecorator, ViewPlugin } from '@codemirror/view';

const marker = new MatchDecorator({
  regexp: /\{\{.*?\}\}/g,
  decoration: Decoration.mark({ class: 'template' }),
});

export const highlightTemplates = ViewPlugin.define(
  (view) => ({
    decorations: marker.createDeco(view),
    update(change) {
      this.decorations = marker.updateDeco(change, this.decorations);
    },
  }),
  { decorations: (plugin) => plugin.decorations },
);

const PATH = /[\w$.[\]]*$/;

/** Offers the paths of the app's state inside of `{{`. */
export function completeTemplates(currentState) {
  return (context) => {
    const before = context.state.sliceDoc(0, context.pos);
    const open = before.lastIndexOf('{{');
    if (open === -1 || before.indexOf('}}', open) !== -1) return null;
    const path = PATH.exec(before)[0];
    const options = pathsIn(currentState()).map(({ path: label, detail }) => ({ label, detail }));
    return { from: context.pos - path.length, options, validFor: PATH };
  };
}

const MAX_DEPTH = 5;

function pathsIn(value, path = '', depth = 0) {
  if (value === null || typeof value !== 'object' || depth === MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key;
    const detail = Array.isArray(inner) ? 'array' : typeof inner;
    return [{ path: name, detail }, ...pathsIn(inner, name, depth + 1)];
  });
}
