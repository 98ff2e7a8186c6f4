// The sampling options that Chat and Completions share.

import {
  boolean,
  integer,
  logitBias,
  number,
  orNull,
  stop,
  streamOptions,
  string,
} from './parameters.mjs';

export const SAMPLING = {
  frequency_penalty: orNull(number(-2, 2)),
  logit_bias: logitBias,
  n: orNull(integer(1, 128)),
  presence_penalty: orNull(number(-2, 2)),
  seed: orNull(integer()),
  stop,
  stream: orNull(boolean),
  stream_options: streamOptions,
  temperature: orNull(number(0, 2)),
  top_p: orNull(number(0, 1)),
  user: string(),
};

/** Chooses the variation of the answer for the choice at `index`. */
export function chooseVariation({ temperature, seed }, index) {
  return temperature === 0 ? 0 : index + Math.abs(seed ?? 0);
}
