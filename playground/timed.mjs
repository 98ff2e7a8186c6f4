/** Resolves to the value of `call` and its duration. */
export async function timed(call) {
  const started = performance.now();
  const result = await call();
  return { result, elapsedMs: performance.now() - started };
}
