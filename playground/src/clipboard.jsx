import { useEffect, useState } from 'preact/hooks';

const SHOWN_MS = 2_000;

/** Copies what `read` returns. */
export function CopyButton({ label = 'Copy', title, read }) {
  const [outcome, setOutcome] = useState();

  useEffect(() => {
    if (!outcome) return undefined;
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(read());
      setOutcome('Copied');
    } catch {
      setOutcome('Not allowed');
    }
  }

  return (
    <>
      <button type="button" class="small-button" title={title} onClick={copy}>
        {outcome ?? label}
      </button>
      <span class="visually-hidden" role="status">
        {outcome}
      </span>
    </>
  );
}
