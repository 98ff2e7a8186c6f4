// Turns a whole response into the events of a stream, as the Responses API sends them.

import { tokenize } from '../tokens.mjs';

/** Pieces of text of about a token each. */
const pieces = (text) => tokenize(text);

const textEvents = {
  *output_text(at, part) {
    for (const [index, delta] of pieces(part.text).entries()) {
      const logprobs = part.logprobs.slice(index, index + 1);
      yield { type: 'response.output_text.delta', ...at, delta, logprobs };
    }
    for (const [index, annotation] of part.annotations.entries()) {
      yield {
        type: 'response.output_text.annotation.added',
        ...at,
        annotation_index: index,
        annotation,
      };
    }
    yield {
      type: 'response.output_text.done',
      ...at,
      text: part.text,
      logprobs: part.logprobs,
    };
  },
  *refusal(at, part) {
    for (const delta of pieces(part.refusal)) {
      yield { type: 'response.refusal.delta', ...at, delta };
    }
    yield { type: 'response.refusal.done', ...at, refusal: part.refusal };
  },
};

const EMPTY_PARTS = {
  output_text: { text: '', annotations: [], logprobs: [] },
  refusal: { refusal: '' },
};

/** By type: an item in its initial state, and the events until it is complete. */
const ITEMS = {
  message: {
    start: { status: 'in_progress', content: [] },
    *events(at, { content }) {
      for (const [index, part] of content.entries()) {
        const where = { ...at, content_index: index };
        const empty = { ...part, ...EMPTY_PARTS[part.type] };
        yield { type: 'response.content_part.added', ...where, part: empty };
        yield* textEvents[part.type](where, part);
        yield { type: 'response.content_part.done', ...where, part };
      }
    },
  },
  reasoning: {
    start: { summary: [] },
    *events(at, { summary }) {
      for (const [index, part] of summary.entries()) {
        const where = { ...at, summary_index: index };
        const kind = 'response.reasoning_summary';
        yield { type: `${kind}_part.added`, ...where, part: { ...part, text: '' } };
        for (const delta of pieces(part.text)) {
          yield { type: `${kind}_text.delta`, ...where, delta };
        }
        yield { type: `${kind}_text.done`, ...where, text: part.text };
        yield { type: `${kind}_part.done`, ...where, part };
      }
    },
  },
  function_call: {
    start: { status: 'in_progress', arguments: '' },
    *events(at, { arguments: whole, name }) {
      for (const delta of pieces(whole)) {
        yield { type: 'response.function_call_arguments.delta', ...at, delta };
      }
      yield { type: 'response.function_call_arguments.done', ...at, name, arguments: whole };
    },
  },
  web_search_call: {
    start: { status: 'in_progress' },
    *events(at) {
      for (const state of ['in_progress', 'searching', 'completed']) {
        yield { type: `response.web_search_call.${state}`, ...at };
      }
    },
  },
};

function* eventsOfItem(item, index) {
  const { start, events } = ITEMS[item.type];
  yield { type: 'response.output_item.added', output_index: index, item: { ...item, ...start } };
  yield* events({ item_id: item.id, output_index: index }, item);
  yield { type: 'response.output_item.done', output_index: index, item };
}

function* eventsOf(response) {
  const {
    usage: _,
    moderation: __,
    ...begun
  } = {
    ...response,
    status: 'in_progress',
    completed_at: null,
    error: null,
    incomplete_details: null,
    output: [],
  };
  yield { type: 'response.created', response: begun };
  yield { type: 'response.in_progress', response: begun };
  for (const [index, item] of response.output.entries()) yield* eventsOfItem(item, index);
  yield { type: `response.${response.status}`, response };
}

/** The events of a response, each with its name and number. */
export const eventsOfResponse = (response) =>
  Array.from(
    eventsOf(response),
    (event, number) =>
      `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: number })}\n\n`,
  );
