/**
 * How ToolJet's editors draw a plugin's forms, for tests and the playground.
 *
 * Checked against ToolJet 2.15.1, its form code (frontend/src/_components/DynamicForm.jsx, the same
 * in 2.4.9 and 2.11) and its running editor; for ToolJet 3, against the form code of 3.20. The two
 * differ in the fields next to a flip, and in the keys that reach the browser.
 */

export const TOOLJETS = [2, 3];

const FLIP = 'dropdown-component-flip';

const isField = (entry) => typeof entry?.type === 'string';
const isFlip = (entry) => entry?.type === FLIP;

/** The options of a new query. The first releases of ToolJet 3 applied no defaults. */
export const newQuery = ({ defaults }, { appliesDefaults = true } = {}) =>
  appliesDefaults ? { ...defaults } : {};

/**
 * The options of an opened query. ToolJet 2 leaves a saved query unchanged unless it has no options;
 * the newest ToolJet 3 fills in missing defaults.
 */
export const openedQuery = ({ defaults }, saved, tooljet) =>
  tooljet === 3 || Object.keys(saved).length === 0 ? { ...defaults, ...saved } : saved;

/**
 * The fields that are drawn, in order, each with the depth of its group. `values` are the options
 * by key. For a query without a value, the group named `undefined` is drawn, because both ToolJets
 * look it up unchecked.
 */
export function drawnFields(group, values, tooljet, depth = 0) {
  if (!group) return [];
  return tooljet === 2 ? drawnByTwo(group, values, depth) : drawnByThree(group, values, depth);
}

/**
 * In a group with a flip, draws only the flip's `commonFields`, the flip below them, and the chosen
 * group.
 */
function drawnByTwo(group, values, depth) {
  const entries = Object.values(group);
  const flip = entries.find(isFlip);
  if (!flip) return entries.map((field) => ({ field, depth }));
  return [
    ...drawnFields(flip.commonFields, values, 2, depth),
    { field: flip, depth },
    ...drawnFields(group[values[flip.key]], values, 2, depth + 1),
  ];
}

/** First the fields that are not flips, then each flip with the chosen group. */
function drawnByThree(group, values, depth) {
  const fields = Object.values(group).filter(isField);
  return [
    ...fields.filter((field) => !isFlip(field)).map((field) => ({ field, depth })),
    ...fields
      .filter(isFlip)
      .flatMap((flip) => [
        { field: flip, depth },
        ...drawnFields(group[values[flip.key]], values, 3, depth + 1),
      ]),
  ];
}

/**
 * How ToolJet 2 draws a code field: a line of 32 px, an editor of the field's height, or `broken`
 * (a line number in a line, or an editor of 28 px).
 */
export function codeFieldShape({ lineNumbers = true, className, height }) {
  if (className === 'codehinter-plugins' && !lineNumbers) return 'line';
  const isTall = Number.parseInt(height, 10) >= 150;
  return className === 'query-hinter' && isTall ? 'editor' : 'broken';
}

/**
 * Whether ToolJet shows a field's tooltip. ToolJet 2 has no tooltips, and ToolJet 3 shows none for a
 * flip.
 */
export const showsTooltip = (field, tooljet) =>
  tooljet === 3 && Boolean(field.tooltip) && !isFlip(field);

/**
 * Whether ToolJet encrypts an option of a new data source. ToolJet 2 does if the form's defaults say
 * so, and ignores `source.options` of the manifest.
 */
export const isStoredEncrypted = ({ source, defaults }, key, tooljet) =>
  tooljet === 2 ? defaults[key]?.encrypted === true : source.options[key]?.encrypted === true;
