// Requests and options that differ from a valid one in one place.

/** One value of each JSON type, and some that are almost empty. */
const WRONG = [5, 1.5, true, 'x', '', {}, [], [{}], null, undefined];

const isContainer = (value) => typeof value === 'object' && value !== null;

function* placesIn(value, path = []) {
  for (const [key, each] of Object.entries(value)) {
    yield [...path, key];
    if (isContainer(each)) yield* placesIn(each, [...path, key]);
  }
}

function withChange(whole, path, value) {
  const copy = structuredClone(whole);
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce((each, key) => each[key], copy);
  if (value === undefined && !Array.isArray(parent)) delete parent[last];
  else parent[last] = value ?? null;
  return copy;
}

/**
 * Yields copies of `whole`, in each of which one member or item is missing or has another value.
 */
export function* mutations(whole, values = WRONG) {
  for (const path of placesIn(whole)) {
    for (const value of values) {
      yield { place: path.join('.'), value, mutated: withChange(whole, path, value) };
    }
  }
}
