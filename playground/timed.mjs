/** What `call` resolves to, and how long that took. */
export async function timed(call) {
  const started = performance.now();
  const result = await call();
  return { result, elapsedMs: performance.now() - started };
}
