import { findCapital } from './answers.mjs';
import { isObject } from './parameters.mjs';

const FORMATS = {
  date: '2026-11-22',
  'date-time': '2026-11-22T09:30:00Z',
  time: '09:30:00Z',
  duration: 'PT15M',
  email: 'ada@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

const WORDS = {
  name: 'Ada Lovelace',
  title: 'Notes on the Engine',
  city: 'London',
  country: 'France',
  language: 'English',
  currency: 'EUR',
  category: 'general',
  sentiment: 'positive',
};

/** Members that are filled from a prompt such as “the weather in Paris”. */
const PLACES = ['city', 'location', 'place'];

function wordFor(name, prompt) {
  const country = /(?:of|about|for) ([\p{L} ]+?)\s*(?:[?.!,]|$)/iu.exec(prompt)?.[1];
  if (country && findCapital(country)) {
    const facts = { capital: findCapital(country), city: findCapital(country), country };
    if (facts[name]) {
      return facts[name];
    }
  }
  const place = /\bin (\p{Lu}[\p{L}-]*)/u.exec(prompt)?.[1];
  if (place && PLACES.includes(name)) return place;
  return WORDS[name] ?? `${name.replaceAll('_', ' ')} of the mock API`;
}

function fitLength(text, { minLength = 0, maxLength = Number.POSITIVE_INFINITY }) {
  return text.padEnd(minLength, '.').slice(0, maxLength);
}

function fitNumber(schema, step) {
  const least = schema.minimum ?? (schema.exclusiveMinimum ?? 1 - step) + step;
  const most = schema.maximum ?? (schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY) - step;
  const value = Math.min(least, most);
  return schema.multipleOf ? Math.ceil(value / schema.multipleOf) * schema.multipleOf : value;
}

function resolve(schema, root) {
  if (!schema.$ref) {
    return schema;
  }
  return schema.$ref
    .replace(/^#\/?/u, '')
    .split('/')
    .filter(Boolean)
    .reduce((value, key) => value[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
}

/** From this depth on, optional properties are omitted, so that recursive schemas end. */
const DEPTH = 4;

/** Builds a plausible value that matches a JSON schema, from property names and the prompt. */
export function valueFor(schema, { prompt, name = 'answer', root = schema, depth = 0 }) {
  if (!isObject(schema)) {
    return wordFor(name, prompt);
  }
  const rules = resolve(schema, root);
  const inner = (each, key = name) => valueFor(each, { prompt, name: key, root, depth: depth + 1 });
  if (rules.const !== undefined) return rules.const;
  if (rules.enum) return rules.enum[0];
  const alternatives = rules.anyOf ?? rules.oneOf;
  if (alternatives) {
    const nullable = alternatives.find(({ type }) => type === 'null');
    return inner(depth >= DEPTH && nullable ? nullable : alternatives[0]);
  }
  if (rules.allOf) return Object.assign({}, ...rules.allOf.map((each) => inner(each)));
  const type = [rules.type ?? (rules.properties ? 'object' : 'string')].flat()[0];
  switch (type) {
    case 'object': {
      const required = rules.required ?? [];
      const kept = Object.entries(rules.properties ?? {}).filter(
        ([key]) => depth < DEPTH || required.includes(key),
      );
      return Object.fromEntries(kept.map(([key, each]) => [key, inner(each, key)]));
    }
    case 'array': {
      const length = Math.max(rules.minItems ?? 0, depth < DEPTH ? 1 : 0);
      return Array.from({ length: Math.min(length, rules.maxItems ?? length) }, () =>
        inner(rules.items ?? {}),
      );
    }
    case 'integer':
      return fitNumber(rules, 1);
    case 'number':
      return fitNumber(rules, 0.5);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return FORMATS[rules.format] ?? fitLength(wordFor(name, prompt), rules);
  }
}
