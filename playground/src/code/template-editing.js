// Templates `{{ … }}` in code fields: their color, and the names available in them.

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

/** Whether a template is being written: the cursor is inside it. */
export function isWritingTemplate({ hasFocus, state }) {
  const cursor = state.selection.main.head;
  return hasFocus && findOpening(state.sliceDoc(0, cursor)) !== undefined;
}

/** The start of the template that is not closed in `text`. */
function findOpening(text) {
  const open = text.lastIndexOf('{{');
  return open === -1 || text.includes('}}', open) ? undefined : open;
}

const PATH = /[\w$.[\]]*$/;

/** Offers the paths of the app's state inside `{{`. */
export function completeTemplates(currentState) {
  return (context) => {
    const before = context.state.sliceDoc(0, context.pos);
    if (findOpening(before) === undefined) return null;
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
