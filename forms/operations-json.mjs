/**
 * operations.json, the query form, in a shape that every ToolJet draws completely.
 *
 * In a group with a flip, ToolJet 2 (seen in 2.4.9, 2.11 and 2.15.1) draws only the flip and the
 * group that its value names, and drops siblings. ToolJet 3 draws siblings, but drops
 * `commonFields`. So the Advanced switch has no siblings, and each of its states contains all
 * fields of that state. A query that was saved by ToolJet's own plugin has no `advanced`, and
 * neither does a new one in the first releases of 3. ToolJet then looks for the group named
 * `undefined`, so that group must exist.
 */

import { DEFAULT_OPERATION, OPERATIONS } from './operations.mjs';
import { advanced } from './shared-fields.mjs';

const FLIP = 'dropdown-component-flip';

/**
 * ToolJet 2 draws a one-line field only with `lineNumbers` and `className`; without them it draws a
 * 150 px editor. ToolJet 3 ignores both.
 */
const CODE_FIELDS = {
  line: { height: '36px', lineNumbers: false, className: 'codehinter-plugins' },
  editor: { height: '150px', lineNumbers: false, className: 'query-hinter' },
};

/**
 * A dropdown whose list comes from the plugin through `invokeMethod`, and which accepts text after
 * a press of fx. It has no placeholder; its description is below it. ToolJet 2 does not draw it.
 */
const modelSelector = ({ key, label, placeholder, help, models }) => ({
  label,
  key,
  type: 'dynamic-selector',
  fxEnabled: true,
  operation: { invokeMethod: listMethod(models), label: 'Fetch models' },
  description: placeholder,
  tooltip: help,
});

/** `listChatModels` for `chat`. */
const listMethod = (purpose) => `list${purpose[0].toUpperCase()}${purpose.slice(1)}Models`;

function attributes({ key, label, control, mode, placeholder, help, list }) {
  if (control === 'switch') return { label, key, type: FLIP, list };
  if (control === 'dropdown') return { label, key, type: 'dropdown', list, tooltip: help };
  const shape = CODE_FIELDS[control];
  if (!shape) throw new Error(`${key}: a query form has no control ${control}`);
  return { label, key, type: 'codehinter', ...shape, mode, placeholder, tooltip: help };
}

function operationGroup({ basic, advanced: rare }, draw) {
  const group = (fields) => Object.fromEntries(fields.map((field) => [field.key, draw(field)]));
  if (!rare) return group(basic);
  const off = group(basic);
  return { ...group([advanced]), off, undefined: off, on: group([...basic, ...rare]) };
}

/** The defaults of a new query: the operation, and the default of each dropdown. */
function defaults() {
  const fields = [
    advanced,
    ...OPERATIONS.flatMap((each) => [...each.basic, ...(each.advanced ?? [])]),
  ];
  const chosen = fields.filter(({ initial }) => initial !== undefined);
  return {
    operation: DEFAULT_OPERATION,
    ...Object.fromEntries(chosen.map(({ key, initial }) => [key, initial])),
  };
}

/**
 * With `listsModels`, each Model field is a dropdown, for a ToolJet that asks the plugin for its
 * list.
 */
export function operationsForm({ listsModels = false } = {}) {
  const draw = (field) => (listsModels && field.models ? modelSelector(field) : attributes(field));
  const operation = {
    label: 'Operation',
    key: 'operation',
    type: FLIP,
    list: OPERATIONS.map(({ name, value }) => ({ name, value })),
  };
  return {
    $schema:
      'https://raw.githubusercontent.com/ToolJet/ToolJet/develop/plugins/schemas/operations.schema.json',
    title: 'OpenAI queries',
    description: 'Operations of the OpenAI API and their fields. Generated from forms/',
    type: 'api',
    defaults: defaults(),
    properties: {
      operation,
      ...Object.fromEntries(OPERATIONS.map((each) => [each.value, operationGroup(each, draw)])),
    },
  };
}
