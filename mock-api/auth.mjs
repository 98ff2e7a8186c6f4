import { ApiFailure } from './api-failure.mjs';

/** Every key that starts with this prefix is accepted. Each key below also causes a failure. */
export const KEY_PREFIX = 'sk-mock-api';
/** Requests with this key get their usual responses late. */
const SLOW_KEY = 'sk-mock-api-slow';
export const ORGANIZATION = 'org-mock-api';
export const PROJECT = 'proj_mock_api';

const missingScopes = (scopes) =>
  `You have insufficient permissions for this operation. Missing scopes: ${scopes}. Check the role and the key restrictions.`;

const PROBLEM_KEYS = {
  'sk-mock-api-restricted': {
    applies: (route) => route.operation === 'models',
    failure: () =>
      new ApiFailure(403, { message: 'restricted' }).withBody({
        error: missingScopes('api.model.read'),
      }),
  },
  'sk-mock-api-models-only': {
    applies: (route) => route.operation !== 'models',
    failure: () => new ApiFailure(401, { message: missingScopes('model.request') }),
  },
  'sk-mock-api-chat-only': {
    applies: (route) => route.operation === 'responses',
    failure: () => new ApiFailure(401, { message: missingScopes('api.responses.write') }),
  },
  'sk-mock-api-no-credit': {
    // Listing models costs nothing, so it works without credit.
    applies: (route) => route.operation !== 'models',
    failure: () =>
      new ApiFailure(429, {
        message: 'You exceeded your current quota, please check your plan and billing details.',
        type: 'insufficient_quota',
        code: 'insufficient_quota',
      }),
  },
  'sk-mock-api-rate-limited': {
    applies: (route) => route.operation !== 'models',
    failure: () =>
      new ApiFailure(429, {
        message: `Rate limit reached in organization ${ORGANIZATION} on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20ms.`,
        type: 'requests',
        code: 'rate_limit_exceeded',
      }).withHeaders({
        // The exact delay is short, so that a client that obeys it is quick to test.
        'retry-after': '1',
        'retry-after-ms': '20',
        'x-ratelimit-limit-requests': '3',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '20ms',
      }),
  },
  'sk-mock-api-blocked-country': {
    applies: () => true,
    failure: () =>
      new ApiFailure(403, {
        message: 'Country, region, or territory not supported',
        type: 'request_forbidden',
        code: 'unsupported_country_region_territory',
      }),
  },
};

function readKey(headers) {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? '');
  return bearer ? bearer[1] : headers['api-key'];
}

export const isSlow = (headers) => readKey(headers) === SLOW_KEY;

/** Like OpenAI, repeats the ends of the key, and short keys whole. */
function masked(key) {
  return key.length <= 12
    ? key
    : `${key.slice(0, 8)}${'*'.repeat(key.length - 12)}${key.slice(-4)}`;
}

function checkKey(key) {
  if (!key) {
    throw new ApiFailure(401, {
      message: "You didn't provide an API key in the Authorization header.",
    });
  }
  if (!key.startsWith(KEY_PREFIX)) {
    throw new ApiFailure(401, {
      message: `Incorrect API key provided: ${masked(key)}. Check your key in the dashboard.`,
      code: 'invalid_api_key',
    }).withHeaders({ 'www-authenticate': 'Basic realm="OpenAI API"' });
  }
}

function checkMembership({ header, value, own, prefix, noun }) {
  if (value === undefined || value === own) {
    return;
  }
  if (value.startsWith(prefix)) {
    throw new ApiFailure(401, {
      message: `${header} header should match ${noun} for API key`,
      code: `mismatched_${noun}`,
    });
  }
  throw new ApiFailure(401, {
    message: `No such ${noun}: ${value}.`,
    code: `invalid_${noun}`,
  });
}

/** Throws the failure that this key, organization or project causes. */
export function checkAccess(route, headers) {
  const key = readKey(headers);
  checkKey(key);
  checkMembership({
    header: 'OpenAI-Organization',
    value: headers['openai-organization'],
    own: ORGANIZATION,
    prefix: 'org-',
    noun: 'organization',
  });
  checkMembership({
    header: 'OpenAI-Project',
    value: headers['openai-project'],
    own: PROJECT,
    prefix: 'proj_',
    noun: 'project',
  });
  const problem = PROBLEM_KEYS[key];
  if (problem?.applies(route)) {
    throw problem.failure();
  }
}
