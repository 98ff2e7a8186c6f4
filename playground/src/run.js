import { useRef, useState } from 'preact/hooks';
import { runQuery } from './calls.js';

/**
 * The last run of the query. `outcome.phase` is `none`, `running`, `stopped`, `broken` (with a
 * `message`) or `done`. `outcome.answer` is the last answer that arrived; in every phase but `done`
 * it comes from an earlier run.
 */
export function useRun() {
  const [outcome, setOutcome] = useState({ phase: 'none' });
  const current = useRef(new AbortController());

  const follow = (next) => setOutcome(({ answer }) => ({ answer, ...next }));

  /** Calls `onDone` with the answer unless the run was stopped or followed by another. */
  async function run(call, onDone) {
    current.current.abort();
    current.current = new AbortController();
    const { signal } = current.current;
    follow({ phase: 'running', startedAt: performance.now() });
    try {
      const answer = await runQuery(call, signal);
      if (signal.aborted) return;
      setOutcome({ phase: 'done', answer });
      onDone(answer);
    } catch (error) {
      // By then, the panel may show another run, or none.
      if (!signal.aborted) follow({ phase: 'broken', message: error.message });
    }
  }

  function stop() {
    current.current.abort();
    follow({ phase: 'stopped', elapsedMs: performance.now() - outcome.startedAt });
  }

  /** Shows why a query does not run, in place of a run. */
  function refuse(message) {
    current.current.abort();
    follow({ phase: 'broken', message });
  }

  function clear() {
    current.current.abort();
    setOutcome({ phase: 'none' });
  }

  return { outcome, run, stop, refuse, clear };
}
