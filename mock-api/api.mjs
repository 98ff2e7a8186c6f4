import { ApiFailure, badRequest, notFound } from './api-failure.mjs';
import { checkAccess, ORGANIZATION } from './auth.mjs';
import { BATCH_ROUTES } from './batches.mjs';
import { chat } from './chat.mjs';
import { complete } from './completions.mjs';
import { drawImage } from './draw-image.mjs';
import { ENDPOINTS } from './endpoints.mjs';
import { FILE_ROUTES } from './files.mjs';
import { generateImages } from './images.mjs';
import { addModels, listModels, retrieveModel } from './models.mjs';
import { isObject } from './parameters.mjs';
import { eventsOfResponse } from './responses/events.mjs';
import { respond } from './responses.mjs';
import { eventsOf } from './stream.mjs';

/** The time in every response: the same request always gets the same response. */
export const CREATED = Date.UTC(2026, 10, 22) / 1000;

const IMAGE = /^\/images\/(\d{2,4}x\d{2,4})\/(\w+)\.png$/;

const ROUTES = [
  { method: 'GET', path: /^\/v1\/models$/, operation: 'models', answer: listModels },
  {
    method: 'GET',
    path: /^\/v1\/models\/([^/]+)$/,
    operation: 'models',
    answer: (_, { match }) => retrieveModel(decodeURIComponent(match[1])),
  },
  { method: 'POST', path: /^\/v1\/completions$/, operation: 'completions', answer: complete },
  { method: 'POST', path: /^\/v1\/chat\/completions$/, operation: 'chat', answer: chat },
  {
    method: 'POST',
    path: /^\/v1\/responses$/,
    operation: 'responses',
    answer: respond,
    events: eventsOfResponse,
  },
  {
    method: 'POST',
    path: /^\/v1\/images\/generations$/,
    operation: 'images',
    answer: generateImages,
  },
  ...FILE_ROUTES,
  ...BATCH_ROUTES,
];

for (const { path, serves, models, isForm, answer } of ENDPOINTS) {
  if (models) addModels(serves, models);
  const route = { method: 'POST', path: new RegExp(`^/v1${path}$`), operation: serves };
  ROUTES.push({ ...route, isForm, answer });
}

/** The paths below the base URL that are served. */
export const isServed = (method, path) =>
  ROUTES.some((route) => route.method === method && route.path.test(`/v1${path}`));

function findRoute(method, path) {
  const candidates = ROUTES.filter((route) => route.path.test(path));
  if (candidates.length === 0) {
    throw notFound(`Invalid URL (${method} ${path})`);
  }
  const route = candidates.find((each) => each.method === method);
  if (!route) {
    throw new ApiFailure(405, { message: `Not allowed to ${method} on ${path}.` });
  }
  return { ...route, match: route.path.exec(path) };
}

function parseBody(request, { method, isForm, hasNoBody }) {
  if (method !== 'POST' || hasNoBody) return undefined;
  const type = (request.headers['content-type'] ?? '').split(';')[0].trim();
  const expected = isForm ? 'multipart/form-data' : 'application/json';
  if (type !== expected) {
    throw badRequest(
      `Unsupported content type: '${type}'. This API method only accepts '${expected}' requests.`,
      null,
      'unsupported_content_type',
    );
  }
  if (!isObject(request.body)) {
    throw badRequest(
      'We could not parse the JSON body of your request. The OpenAI API expects a JSON payload.',
    );
  }
  return request.body;
}

const RATE_LIMIT_HEADERS = {
  'x-ratelimit-limit-requests': '5000',
  'x-ratelimit-remaining-requests': '4999',
  'x-ratelimit-reset-requests': '12ms',
  'x-ratelimit-limit-tokens': '800000',
  'x-ratelimit-remaining-tokens': '799000',
  'x-ratelimit-reset-tokens': '75ms',
};

/** Runs `answer`; a failure of the API is what it answers, too. */
async function orFailure(answer) {
  try {
    return await answer();
  } catch (failure) {
    if (!(failure instanceof ApiFailure)) throw failure;
    return failure;
  }
}

/** What the API answers to a row of a batch. */
const answerRow = (path, body, origin) =>
  orFailure(() => ({
    status: 200,
    body: findRoute('POST', path).answer(body, { created: CREATED, origin }),
  }));

const EVENTS = 'text/event-stream; charset=utf-8';
const BINARY = 'application/octet-stream';

async function answerRoute(request, { origin, store }) {
  const path = request.path.split('?')[0];
  const route = findRoute(request.method, path);
  checkAccess(route, request.headers);
  const body = parseBody(request, route);
  const answer = await route.answer(body, {
    created: CREATED,
    origin,
    match: route.match,
    files: request.files,
    store,
    answerAt: (endpoint, row) => answerRow(endpoint, row, origin),
  });
  const status = 200;
  if (route.isBinary) return { status, headers: { 'content-type': BINARY }, pieces: answer };
  if (!body?.stream) {
    return { status, headers: route.method === 'POST' ? RATE_LIMIT_HEADERS : {}, body: answer };
  }
  const pieces = (route.events ?? eventsOf)(answer, body);
  return { status, headers: { 'content-type': EVENTS, ...RATE_LIMIT_HEADERS }, pieces };
}

/**
 * Returns the API's response to a request, with the headers that every response has. `store` has what the API keeps.
 */
export async function answerAsApi(request, { origin, number, delayMs, store }) {
  const wanted = IMAGE.exec(request.path);
  if (wanted) {
    const [, size, seed] = wanted;
    return { headers: { 'content-type': 'image/png' }, body: drawImage(seed, { size }) };
  }
  const answer = await orFailure(() => answerRoute(request, { origin, store }));
  return {
    status: answer.status,
    headers: {
      'content-type': 'application/json',
      'x-request-id': `req_mock_api_${String(number).padStart(6, '0')}`,
      'openai-organization': ORGANIZATION,
      'openai-processing-ms': String(delayMs),
      'openai-version': '2020-10-01',
      ...answer.headers,
    },
    ...(answer.pieces ? { pieces: answer.pieces } : { body: JSON.stringify(answer.body) }),
  };
}
