import { useLayoutEffect, useState } from 'preact/hooks';

/**
 * A state that survives a reload of this tab, stored as JSON under `name`, unless it is undefined.
 * Never for a key.
 */
export function useKept(name, initial) {
  const [value, setValue] = useState(() => read(name) ?? initial);
  // Not a plain effect, which would be too late for a reload right after an edit.
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
  if (value === undefined) return;
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A pasted file may exceed the browser's storage, and an older state would be surprising.
    sessionStorage.removeItem(name);
  }
}
