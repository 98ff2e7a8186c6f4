import { useLayoutEffect, useState } from 'preact/hooks';

/**
 * A state that survives a reload of this tab, as JSON under `name`. For what is in the query: never
 * for a key.
 */
export function useKept(name, initial) {
  const [value, setValue] = useState(() => read(name) ?? initial);
  // Not a plain effect, which comes too late for a reload right after an edit.
  useLayoutEffect(() => keep(name, value), [name, value]);
  return [value, setValue];
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A pasted file may exceed what a browser stores; an older state would be a surprise.
    sessionStorage.removeItem(name);
  }
}
