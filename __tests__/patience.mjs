/**
 * Only what hangs takes this long: a busy machine can slow a process down tenfold, and no test may
 * depend on that.
 */
export const PATIENCE_MS = 10 * 60_000;
