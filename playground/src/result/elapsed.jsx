import { useLayoutEffect, useState } from 'preact/hooks';
import { duration } from './duration.js';

const STEP_MS = 100;

/** The time since `since`, ticking. Screen readers announce only what is around it. */
export function Elapsed({ since }) {
  const [now, setNow] = useState(performance.now());
  useLayoutEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), STEP_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <span class="elapsed" aria-hidden="true">
      {duration(Math.max(0, now - since))}
    </span>
  );
}
