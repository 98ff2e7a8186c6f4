import { useState } from 'preact/hooks';

/**
 * The field to highlight: `{form, key, label, kind, problem}`. `kind` is `example` for the field
 * that an example is about, or `failed` for the field that made the last run fail. Each new mark is
 * a new object, to which its form scrolls.
 */
export function useMark() {
  const [mark, setMark] = useState();
  return {
    /** The mark, if it is in the form `name`. */
    within: (name) => (mark?.form === name ? mark : undefined),
    set: setMark,
    failed: mark?.kind === 'failed' ? mark : undefined,
    /** Scrolls to it again, even if the page has to scroll, and focuses the field. */
    reveal: () => setMark({ ...mark, isWanted: true }),
    clear: () => setMark(undefined),
    clearFailed: () => setMark((last) => (last?.kind === 'failed' ? undefined : last)),
    /**
     * Removes the mark of a failed field when that field is edited, and an example's mark on any
     * edit.
     */
    edited: (form, key) =>
      setMark((last) => {
        const isOver = last?.kind === 'example' || (last?.form === form && last.key === key);
        return isOver ? undefined : last;
      }),
  };
}

const CONTROLS = 'input, select, .cm-content';

/**
 * Scrolls to a marked field. While a query runs, scrolls only within a scrolling panel, because the
 * page scrolls to the result.
 */
export function scrollToField(element, { isWanted = false, isRunning = true }) {
  const panel = element.closest('.panel-body');
  if (!isWanted && isRunning && getComputedStyle(panel).overflowY !== 'auto') return;
  element.scrollIntoView({ block: isWanted ? 'center' : 'nearest' });
  if (isWanted) element.querySelector(CONTROLS).focus({ preventScroll: true });
}
