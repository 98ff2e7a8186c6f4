import { useState } from 'preact/hooks';

/**
 * The one field that deserves attention: `{form, key, label, kind, problem}`, where `kind` is `example` for
 * the field that an example is about, or `failed` for the one that the last run failed because of.
 * Every new mark is a new object, to which its form scrolls.
 */
export function useMark() {
  const [mark, setMark] = useState();
  return {
    /** The mark within the form `name`. */
    within: (name) => (mark?.form === name ? mark : undefined),
    set: setMark,
    failed: mark?.kind === 'failed' ? mark : undefined,
    /** Scrolls to it again, also where the page has to scroll, and puts the focus there. */
    reveal: () => setMark({ ...mark, isWanted: true }),
    clear: () => setMark(undefined),
    clearFailed: () => setMark((last) => (last?.kind === 'failed' ? undefined : last)),
    /** Forgets a failed field when it is edited, and an example's when anything is. */
    edited: (form, key) =>
      setMark((last) => {
        const isOver = last?.kind === 'example' || (last?.form === form && last.key === key);
        return isOver ? undefined : last;
      }),
  };
}

const CONTROLS = 'input, select, .cm-content';

/**
 * Scrolls to a marked field. While a query runs, only within a panel that scrolls by itself: the page
 * scrolls to the result.
 */
export function scrollToField(element, { isWanted = false, isRunning = true }) {
  const panel = element.closest('.panel-body');
  if (!isWanted && isRunning && getComputedStyle(panel).overflowY !== 'auto') return;
  element.scrollIntoView({ block: isWanted ? 'center' : 'nearest' });
  if (isWanted) element.querySelector(CONTROLS).focus({ preventScroll: true });
}
