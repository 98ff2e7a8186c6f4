/**
 * operations.json, the query form, in a shape that every ToolJet draws completely.
 *
 * ToolJet 2 (seen in 2.4.9, 2.11 and 2.15.1) draws of a group that holds a flip only the flip and
 * the group that its value names: siblings are dropped. ToolJet 3 draws siblings, but loses
 * `commonFields`. So nothing stands beside the Advanced switch, and each of its states holds all
 * fields of that state. A query that was saved by ToolJet's own plugin has no `advanced`, and
 * neither has a new one in the first releases of 3. ToolJet then looks for the group named
 * `undefined`, so that group must be there.
 */

import { DEFAULT_OPERATION, OPERATIONS } from './operations.mjs';
import { advanced } from './shared-fields.mjs';

const FLIP = 'dropdown-component-flip';

/**
 * ToolJet 2 draws a one-line field only with `lineNumbers` and `className`: without them it is a
 * 150 px editor. ToolJet 3 lays fields out by itself and never sees the two.
 */
const CODE_FIELDS = {
  line: { height: '36px', lineNumbers: false, className: 'codehinter-plugins' },
  editor: { height: '150px', lineNumbers: false, className: 'query-hinter' },
};

function attributes({ key, label, control, mode, placeholder, help, list }) {
  if (control === 'switch') return { label, key, type: FLIP, list };
  if (control === 'dropdown') return { label, key, type: 'dropdown', list, tooltip: help };
  const shape = CODE_FIELDS[control];
  if (!shape) throw new Error(`${key}: a query form has no control ${control}`);
  return { label, key, type: 'codehinter', ...shape, mode, placeholder, tooltip: help };
}

const group = (fields) => Object.fromEntries(fields.map((field) => [field.key, attributes(field)]));

function operationGroup({ basic, advanced: rare }) {
  if (!rare) return group(basic);
  const off = group(basic);
  return { ...group([advanced]), off, undefined: off, on: group([...basic, ...rare]) };
}

/** What a new query starts with: the operation, and every dropdown's own choice. */
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

export function operationsForm() {
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
      ...Object.fromEntries(OPERATIONS.map((each) => [each.value, operationGroup(each)])),
    },
  };
}
