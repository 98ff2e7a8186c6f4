// manifest.json, the data source form.

import { DATA_SOURCE } from './data-source.mjs';

const TYPES = {
  text: 'text',
  password: 'password',
  pairs: 'react-component-headers',
  dropdown: 'dropdown',
};

function attributes({ key, label, control, placeholder, help, list }) {
  const shared = { label, key, type: TYPES[control] };
  if (control === 'pairs') return { ...shared, tooltip: help };
  if (control === 'dropdown') return { ...shared, list, tooltip: help };
  return { ...shared, description: placeholder, helpText: help };
}

const byKey = (fields, value) =>
  Object.fromEntries(fields.map((field) => [field.key, value(field)]));

export function manifest() {
  return {
    $schema:
      'https://raw.githubusercontent.com/ToolJet/ToolJet/develop/plugins/schemas/manifest.schema.json',
    title: 'OpenAI datasource',
    description: 'Connection to the OpenAI API, or to a server that is compatible with it',
    type: 'api',
    source: {
      name: 'OpenAI',
      kind: 'openai',
      exposedVariables: { isLoading: false, data: {}, rawData: {} },
      options: byKey(DATA_SOURCE, ({ control, secret }) => ({
        type: control === 'pairs' ? 'array' : 'string',
        ...(secret && { encrypted: true }),
      })),
    },
    // ToolJet 2 encrypts only options that a new data source marks as encrypted, whatever
    // `source.options` and the form say (seen in 2.15.1).
    defaults: {
      ...byKey(
        DATA_SOURCE.filter(({ secret }) => secret),
        () => ({ value: '', encrypted: true }),
      ),
      ...byKey(
        DATA_SOURCE.filter(({ initial }) => initial !== undefined),
        ({ initial }) => ({ value: initial }),
      ),
    },
    properties: byKey(DATA_SOURCE, attributes),
    required: DATA_SOURCE.filter(({ fallback }) => fallback === 'Required').map(({ key }) => key),
  };
}
