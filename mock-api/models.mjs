import { ApiFailure, badRequest, notFound } from './api-failure.mjs';
import { listed } from './parameters.mjs';

/** The date of the mock API. Earlier shutdown dates have passed, whatever the clock says. */
export const TODAY = '2026-11-22';
const CREATED = 1_780_000_000;

const FIXED_AT_ONE = ['temperature', 'top_p'];
const SAMPLING = [...FIXED_AT_ONE, 'logprobs', 'top_logprobs'];
const BIASES = ['frequency_penalty', 'presence_penalty', 'logit_bias'];
const REASONING_REJECTS = ['max_tokens', 'stop', ...BIASES];
const UP_TO_HIGH = ['low', 'medium', 'high'];
const UP_TO_XHIGH = [...UP_TO_HIGH, 'xhigh'];

/**
 * What a family accepts. `rejects`: unsupported parameters. `rejectsRoles`: unsupported message
 * roles. `sampling` and `tools`: 'always', 'without reasoning' (effort none) or 'never'. `efforts`:
 * the reasoning efforts. `effort`: the default.
 */
const FAMILIES = {
  classic: { serves: 'chat', context: 128_000 },
  o3: {
    serves: 'chat',
    context: 200_000,
    rejects: [...REASONING_REJECTS, ...SAMPLING],
    efforts: UP_TO_HIGH,
    effort: 'medium',
  },
  'gpt-5': {
    serves: 'chat',
    context: 400_000,
    rejects: REASONING_REJECTS,
    sampling: 'never',
    efforts: ['minimal', ...UP_TO_HIGH],
    effort: 'medium',
  },
  'gpt-5.1': {
    serves: 'chat',
    context: 400_000,
    rejects: REASONING_REJECTS,
    sampling: 'without reasoning',
    efforts: ['none', ...UP_TO_HIGH],
    effort: 'none',
  },
  'gpt-5.2': {
    serves: 'chat',
    context: 400_000,
    rejects: REASONING_REJECTS,
    sampling: 'without reasoning',
    efforts: ['none', ...UP_TO_XHIGH],
    effort: 'none',
  },
  'gpt-5.4': {
    serves: 'chat',
    context: 400_000,
    rejects: REASONING_REJECTS,
    sampling: 'without reasoning',
    tools: 'without reasoning',
    efforts: ['none', ...UP_TO_XHIGH],
    effort: 'none',
  },
  'gpt-5.5': {
    serves: 'chat',
    context: 400_000,
    rejects: REASONING_REJECTS,
    sampling: 'without reasoning',
    tools: 'without reasoning',
    efforts: ['none', ...UP_TO_XHIGH],
    effort: 'medium',
  },
  'gpt-6-astra': {
    serves: 'chat',
    context: 400_000,
    rejects: REASONING_REJECTS,
    sampling: 'never',
    tools: 'never',
    efforts: UP_TO_XHIGH,
    effort: 'medium',
  },
  pro: {
    serves: 'responses',
    context: 400_000,
    rejects: REASONING_REJECTS,
    sampling: 'never',
    efforts: ['medium', 'high', 'xhigh'],
    effort: 'medium',
  },
  codex: {
    serves: 'responses',
    context: 400_000,
    rejects: REASONING_REJECTS,
    sampling: 'never',
    efforts: UP_TO_XHIGH,
    effort: 'medium',
  },
  instruct: { serves: 'completions', context: 4_096 },
  base: { serves: 'completions', context: 16_384, unrecognized: ['suffix'] },
  embedding: { serves: 'embeddings', context: 8_192 },
  image: { serves: 'images' },
  moderation: { serves: 'moderations' },
};

const STRICT_FAMILIES = {
  temperature: { rejects: ['temperature'] },
  'top-p': { rejects: ['top_p'] },
  stop: { rejects: ['stop'] },
  'max-tokens': { rejects: ['max_tokens'] },
  'max-completion-tokens': { rejects: ['max_completion_tokens'] },
  penalties: { rejects: ['frequency_penalty', 'presence_penalty'] },
  'developer-role': { rejectsRoles: ['developer'] },
  'system-role': { rejectsRoles: ['system'] },
  // Since 2026 some errors have no code, only the parameter.
  everything: {
    rejects: ['max_tokens', 'stop', ...SAMPLING, ...BIASES],
    rejectsRoles: ['developer'],
    uncoded: true,
  },
};

function* buildModels(family, ids, { shutdown = null, snapshot } = {}) {
  for (const id of ids) {
    yield {
      id,
      resolved: snapshot ? `${id}-${snapshot}` : id,
      shutdown,
      ...FAMILIES[family],
    };
  }
}

/** Models that never answer with text, by the kind of their answer; the same on both endpoints. */
const SPECIAL = { refuses: 'refusal', filters: 'filtered', fails: 'failure' };

const MODELS = [
  ...buildModels('gpt-6-astra', ['gpt-6-astra', 'gpt-6.1-sol']),
  ...buildModels('gpt-5.5', ['gpt-6-sol', 'gpt-6-luna', 'gpt-6.1-terra']),
  ...buildModels('gpt-5.5', ['gpt-5.6-sol', 'gpt-5.6-terra', 'gpt-5.6-luna']),
  ...buildModels('gpt-5.5', ['gpt-5.5'], { snapshot: '2026-04-23' }),
  ...buildModels('gpt-5.4', ['gpt-5.4'], { snapshot: '2026-03-05' }),
  ...buildModels('gpt-5.4', ['gpt-5.4-mini'], { snapshot: '2026-03-17' }),
  ...buildModels('gpt-5.4', ['gpt-5.4-nano'], { snapshot: '2026-03-17', shutdown: '2027-04-01' }),
  ...buildModels('gpt-5.2', ['gpt-5.2'], { snapshot: '2025-12-11' }),
  ...buildModels('gpt-5.1', ['gpt-5.1'], { snapshot: '2025-11-13', shutdown: '2027-04-01' }),
  ...buildModels('gpt-5', ['gpt-5', 'gpt-5-mini', 'gpt-5-nano'], {
    snapshot: '2025-08-07',
    shutdown: '2026-12-11',
  }),
  ...buildModels('o3', ['o3'], { snapshot: '2025-04-16', shutdown: '2026-12-11' }),
  ...buildModels('classic', ['gpt-4o'], { snapshot: '2024-11-20', shutdown: '2027-01-14' }),
  ...buildModels('classic', ['gpt-4o-2024-08-06'], { shutdown: '2027-01-14' }),
  ...buildModels('classic', ['gpt-4o-mini'], { snapshot: '2024-07-18', shutdown: '2027-01-14' }),
  ...buildModels('classic', ['gpt-4.1', 'gpt-4.1-mini'], {
    snapshot: '2025-04-14',
    shutdown: '2027-01-14',
  }),
  ...buildModels(
    'classic',
    ['gpt-3.5-turbo', 'gpt-3.5-turbo-0125', 'gpt-4', 'gpt-4-0613', 'gpt-4-turbo', 'gpt-4.1-nano'],
    { shutdown: '2026-10-23' },
  ),
  ...buildModels('o3', ['o1', 'o3-mini', 'o4-mini'], { shutdown: '2026-10-23' }),
  ...buildModels('o3', ['o1-mini', 'o1-preview'], { shutdown: '2025-10-27' }),
  ...buildModels('pro', ['gpt-5.5-pro'], { snapshot: '2026-04-23' }),
  ...buildModels('pro', ['gpt-5-pro', 'o3-pro'], { shutdown: '2026-12-11' }),
  ...buildModels('codex', ['gpt-5.3-codex'], { shutdown: '2027-04-01' }),
  ...buildModels('codex', ['gpt-5.1-codex-max'], { shutdown: '2026-07-23' }),
  ...buildModels('instruct', ['gpt-3.5-turbo-instruct'], { shutdown: '2026-09-28' }),
  ...buildModels('base', ['babbage-002', 'davinci-002'], { shutdown: '2026-09-28' }),
  ...buildModels('instruct', ['text-davinci-003'], { shutdown: '2024-01-04' }),
  ...buildModels('instruct', ['mock-api-instruct']),
  ...buildModels('base', ['mock-api-base']),
  ...buildModels('embedding', [
    'text-embedding-3-small',
    'text-embedding-3-large',
    'text-embedding-ada-002',
  ]),
  ...buildModels('image', ['gpt-image-2'], { snapshot: '2026-04-21' }),
  ...buildModels('image', ['gpt-image-2.6-flare', 'gpt-image-2.6-sunburst']),
  ...buildModels('image', ['gpt-image-1.5', 'gpt-image-1-mini', 'chatgpt-image-latest'], {
    shutdown: '2026-12-01',
  }),
  ...buildModels('image', ['gpt-image-1'], { shutdown: '2026-10-23' }),
  ...buildModels('image', ['dall-e-3', 'dall-e-2'], { shutdown: '2026-05-12' }),
  ...buildModels('image', ['mock-api-image']),
  ...buildModels('moderation', ['omni-moderation-latest', 'omni-moderation-2024-09-26']),
  ...Object.entries(STRICT_FAMILIES).map(([name, rules]) => ({
    id: `mock-api-strict-${name}`,
    resolved: `mock-api-strict-${name}`,
    shutdown: null,
    ...FAMILIES.classic,
    ...rules,
  })),
  ...Object.entries(SPECIAL).map(([name, answers]) => ({
    id: `mock-api-${name}`,
    resolved: `mock-api-${name}`,
    shutdown: null,
    answers,
    ...FAMILIES.classic,
  })),
];

/** Adds current models that only `endpoint` serves. */
export function addModels(endpoint, ids) {
  FAMILIES[endpoint] = { serves: endpoint };
  MODELS.push(...buildModels(endpoint, ids));
}

const isGone = ({ shutdown }) => shutdown !== null && shutdown <= TODAY;

function findModel(name) {
  const base = /^ft:([^:]+):/.exec(name)?.[1] ?? name;
  const model = MODELS.find(({ id, resolved }) => id === base || resolved === base);
  return model && base !== name ? { ...model, id: name, resolved: name } : model;
}

const inList = ({ id, shutdown }) => ({
  id,
  object: 'model',
  created: CREATED,
  owned_by: id.startsWith('mock-api') ? 'mock-api' : 'system',
  shutdown_date: shutdown,
});

export const listModels = () => ({
  object: 'list',
  data: MODELS.filter((model) => !isGone(model)).map(inList),
});

export function retrieveModel(name) {
  const model = findModel(name);
  if (!model || isGone(model)) {
    throw notFound(`The model '${name}' does not exist`, 'model', 'model_not_found');
  }
  return inList(model);
}

function wrongEndpoint(model, endpoint) {
  if (endpoint === 'responses') {
    // The API's message is unknown.
    return badRequest(
      `The requested model '${model.id}' cannot be used with the Responses API.`,
      'model',
    );
  }
  if (endpoint === 'embeddings') {
    return new ApiFailure(403, {
      message: 'You are not allowed to generate embeddings from this model',
    });
  }
  if (endpoint === 'images') {
    const known = MODELS.filter((each) => each.serves === 'images' && !isGone(each));
    return badRequest(
      `Invalid value: '${model.id}'. Supported values are: ${listed(known.map(({ id }) => id))}.`,
      'model',
      'invalid_value',
    );
  }
  if (endpoint === 'completions') {
    return notFound(
      model.serves === 'chat'
        ? 'This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/completions?'
        : // The API's message is unknown.
          'This model is not supported in the v1/completions endpoint.',
      'model',
    );
  }
  return notFound(
    model.serves === 'responses'
      ? 'This model is only supported in v1/responses and not in v1/chat/completions.'
      : 'This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?',
    'model',
  );
}

function unknownModel(name, endpoint) {
  return endpoint === 'responses'
    ? badRequest(`The requested model '${name}' does not exist.`, 'model', 'model_not_found')
    : notFound(
        `The model \`${name}\` does not exist or you do not have access to it.`,
        null,
        'model_not_found',
      );
}

/** The Responses API serves everything that Chat Completions serves, and more. */
const serves = (model, endpoint) =>
  model.serves === endpoint || (endpoint === 'responses' && model.serves === 'chat');

/** Finds the requested model, or throws the failure that the API returns instead. */
export function servedModel(name, endpoint) {
  const model = findModel(name);
  if (!model) {
    throw unknownModel(name, endpoint);
  }
  if (isGone(model)) {
    throw notFound(
      `The model \`${name}\` has been deprecated; see the deprecations page.`,
      null,
      'model_not_found',
    );
  }
  if (!serves(model, endpoint)) {
    throw wrongEndpoint(model, endpoint);
  }
  return model;
}

const SERVICE_TIERS = { auto: 'default', fast: 'priority' };

/** The tier that a request is served in. */
export const servedTier = ({ service_tier: tier }) => SERVICE_TIERS[tier ?? 'auto'] ?? tier;

const isSet = (value) => value !== undefined && value !== null;

/** 'none' for models that do not reason. */
export const readEffort = (model, body) =>
  model.efforts ? (body.reasoning_effort ?? model.effort) : 'none';

const allows = (rule, effort) =>
  rule === undefined || rule === 'always' || (rule === 'without reasoning' && effort === 'none');

function unsupportedParameter(model, name) {
  const advice = {
    max_tokens: " Use 'max_completion_tokens' instead.",
    max_completion_tokens: " Use 'max_tokens' instead.",
  };
  return badRequest(
    `Unsupported parameter: '${name}' is not supported with this model.${advice[name] ?? ''}`,
    name,
    model.uncoded ? null : 'unsupported_parameter',
  );
}

function unsupportedValue(model, name, value, supported) {
  return badRequest(
    `Unsupported value: '${name}' does not support ${JSON.stringify(value).replaceAll('"', "'")} with this model.${supported}`,
    name,
    model.uncoded ? null : 'unsupported_value',
  );
}

function checkSampling(model, body, wire) {
  if (allows(model.sampling, readEffort(model, body))) {
    return;
  }
  for (const name of SAMPLING.filter((each) => isSet(body[each]))) {
    if (!FIXED_AT_ONE.includes(name)) {
      throw unsupportedParameter(model, wire.nameOf(name));
    }
    if (body[name] !== 1) {
      throw unsupportedValue(model, name, body[name], ' Only the default (1) value is supported.');
    }
  }
}

function checkEffort(model, body, wire) {
  if (!isSet(body.reasoning_effort)) {
    return;
  }
  if (!model.efforts) {
    throw wire.withoutEffort(model);
  }
  if (!model.efforts.includes(body.reasoning_effort)) {
    throw unsupportedValue(
      model,
      wire.nameOf('reasoning_effort'),
      body.reasoning_effort,
      ` Supported values are: ${listed(model.efforts)}.`,
    );
  }
}

/** The endpoints' names for parameters of a body that has the names of Chat Completions. */
const CHAT = {
  nameOf: (name) => name,
  withoutEffort: () => badRequest('Unrecognized request argument supplied: reasoning_effort'),
};
const RESPONSES_NAMES = { messages: 'input', reasoning_effort: 'reasoning.effort' };
export const RESPONSES = {
  nameOf: (name) => RESPONSES_NAMES[name] ?? name,
  withoutEffort: (model) => unsupportedParameter(model, 'reasoning.effort'),
};

/** Throws for the first parameter that this model's family rejects. */
export function checkFamilyRules(model, body, wire = CHAT) {
  for (const name of model.unrecognized ?? []) {
    if (isSet(body[name])) {
      throw badRequest(`Unrecognized request argument supplied: ${name}`);
    }
  }
  checkEffort(model, body, wire);
  for (const [index, { role }] of (body.messages ?? []).entries()) {
    if (model.rejectsRoles?.includes(role)) {
      throw unsupportedValue(model, `${wire.nameOf('messages')}[${index}].role`, role, '');
    }
  }
  for (const name of model.rejects ?? []) {
    if (isSet(body[name])) {
      throw unsupportedParameter(model, wire.nameOf(name));
    }
  }
  checkSampling(model, body, wire);
}

/** Throws if Chat Completions does not support functions with this query's reasoning effort. */
export function checkToolsBesideEffort(model, body) {
  if (body.tools?.length && !allows(model.tools, readEffort(model, body))) {
    throw badRequest(
      `Function tools with reasoning_effort are not supported for ${model.id} in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.`,
      'reasoning_effort',
    );
  }
}

export function checkContext(model, tokens, param = null) {
  if (tokens > model.context) {
    throw badRequest(
      `This model's maximum context length is ${model.context} tokens, but the request came to ${tokens} tokens.`,
      param,
      'context_length_exceeded',
    );
  }
}
