import { badRequest } from './api-failure.mjs';

const typeName = (value) => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (Number.isInteger(value)) return 'an integer';
  return (
    { number: 'a decimal number', string: 'a string', boolean: 'a boolean' }[typeof value] ??
    'an object'
  );
};

const invalidType = (name, expected, value) =>
  badRequest(
    `Invalid type for '${name}': expected ${expected}, but got ${typeName(value)} instead.`,
    name,
    'invalid_type',
  );

export const isObject = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const missing = (name) =>
  badRequest(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter');

/** A check throws the API's error about a value; `name` is the path in that error. */
const ofType = (expected, fits) => (name, value) => {
  if (value === undefined) {
    throw missing(name);
  }
  if (!fits(value)) {
    throw invalidType(name, expected, value);
  }
};

function checkRange(kind, name, value, min, max) {
  if (value < min) {
    throw badRequest(
      `Invalid '${name}': ${kind} below minimum value. Expected a value >= ${min}, but got ${value} instead.`,
      name,
      `${kind}_below_min_value`,
    );
  }
  if (value > max) {
    throw badRequest(
      `Invalid '${name}': ${kind} above maximum value. Expected a value <= ${max}, but got ${value} instead.`,
      name,
      `${kind}_above_max_value`,
    );
  }
}

/** The URL of an image, not an object that contains one. */
export const imageAddress = ofType('an image URL', (value) => typeof value === 'string');
export const boolean = ofType('a boolean', (value) => typeof value === 'boolean');
export const object = ofType('an object', isObject);

export const number = (min, max) => (name, value) => {
  ofType('a decimal', (each) => typeof each === 'number')(name, value);
  checkRange('decimal', name, value, min, max);
};

export const integer =
  (min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY) =>
  (name, value) => {
    ofType('an integer', Number.isInteger)(name, value);
    checkRange('integer', name, value, min, max);
  };

export const string =
  (maxLength = Number.POSITIVE_INFINITY) =>
  (name, value) => {
    ofType('a string', (each) => typeof each === 'string')(name, value);
    if (value.length > maxLength) {
      throw badRequest(
        `Invalid '${name}': string too long. Expected a string with maximum length ${maxLength}, but got a string with length ${value.length} instead.`,
        name,
        'string_above_max_length',
      );
    }
  };

export const url = (maxLength) => (name, value) => {
  string(maxLength)(name, value);
  if (!URL.canParse(value)) throw badRequest(`Invalid '${name}': expected a URL.`, name);
};

/** `'low', 'medium', and 'high'`, as the API lists what it supports. */
export function listed(values) {
  const words = values.map((value) => `'${value}'`);
  if (words.length < 3) return words.join(' and ');
  return `${words.slice(0, -1).join(', ')}, and ${words.at(-1)}`;
}

export const oneOf =
  (...values) =>
  (name, value) => {
    ofType('a string', (each) => typeof each === 'string')(name, value);
    if (!values.includes(value)) {
      throw badRequest(
        `Invalid value: '${value}'. Supported values are: ${listed(values)}.`,
        name,
        'invalid_value',
      );
    }
  };

export const array =
  (check, { min = 0, max = Number.POSITIVE_INFINITY } = {}) =>
  (name, value) => {
    ofType('an array', Array.isArray)(name, value);
    if (value.length < min) {
      throw badRequest(
        `Invalid '${name}': empty array. Expected an array with minimum length ${min}, but got an empty array instead.`,
        name,
        'empty_array',
      );
    }
    if (value.length > max) {
      throw badRequest(
        `Invalid '${name}': array too long. Expected an array with maximum length ${max}, but got an array with length ${value.length} instead.`,
        name,
        'array_above_max_length',
      );
    }
    for (const [index, each] of value.entries()) {
      check(`${name}[${index}]`, each);
    }
  };

export const orNull = (check) => (name, value) => value === null || check(name, value);

/** Chooses the check whose type fits the value, such as a string or an array of strings. */
export const either =
  (...checks) =>
  (name, value) => {
    const failures = [];
    for (const check of checks) {
      try {
        return check(name, value);
      } catch (failure) {
        failures.push(failure);
      }
    }
    // An error about the content is more specific than one about the type.
    const isAboutContent = ({ body: { error } }) =>
      error.code !== 'invalid_type' || error.param !== name;
    throw failures.find(isAboutContent) ?? failures[0];
  };

export const stop = orNull(either(string(), array(string(), { min: 1, max: 4 })));

export const streamOptions = orNull((name, value) =>
  members({ include_usage: boolean, include_obfuscation: boolean })(name, value),
);

export const logitBias = orNull((name, value) => {
  object(name, value);
  for (const [token, bias] of Object.entries(value)) {
    integer(-100, 100)(`${name}.${token}`, bias);
  }
});

export const metadata = orNull((name, value) => {
  object(name, value);
  const pairs = Object.entries(value);
  if (pairs.length > 16) {
    throw badRequest(
      `Invalid '${name}': too many properties. Expected an object with at most 16 properties, but got an object with ${pairs.length} properties instead.`,
      name,
      'object_above_max_properties',
    );
  }
  for (const [key, text] of pairs) {
    string(64)(`${name} key`, key);
    string(512)(`${name}.${key}`, text);
  }
});

/** The mock API does not stream images: the option is rejected, not ignored. */
export const noStream = orNull((name, value) => {
  boolean(name, value);
  if (value) {
    throw badRequest('The mock API streams no images.', name, 'unsupported_value');
  }
});

/** Checks the members of an object that are present. */
export const members =
  (checks, required = []) =>
  (name, value) => {
    object(name, value);
    for (const [member, check] of Object.entries(checks)) {
      if (value[member] !== undefined || required.includes(member)) {
        check(`${name}.${member}`, value[member]);
      }
    }
  };

export const unknownParameter = (name) =>
  badRequest(`Unknown parameter: '${name}'.`, name, 'unknown_parameter');

/** Checks an object that may have only these members. */
export const exactly = (checks, required) => (name, value) => {
  members(checks, required)(name, value);
  const unknown = Object.keys(value).find((member) => !Object.hasOwn(checks, member));
  if (unknown !== undefined) {
    throw unknownParameter(`${name}.${unknown}`);
  }
};

/** Checks a whole body against a table of parameters, in the order of the API. */
export function checkParameters(body, { parameters, required }) {
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(parameters, name));
  if (unknown.length > 0) {
    throw badRequest(
      `Unrecognized request argument${unknown.length > 1 ? 's' : ''} supplied: ${unknown.join(', ')}`,
    );
  }
  if (required.includes('model') && !body.model) {
    throw badRequest('you must provide a model parameter');
  }
  for (const name of required) {
    if (body[name] === undefined) {
      throw missing(name);
    }
  }
  for (const [name, value] of Object.entries(body)) {
    parameters[name](name, value);
  }
}
