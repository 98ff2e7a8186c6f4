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

/** Scrolls to a marked field; unless it was asked for, only within a panel that scrolls by itself. */
export function scrollToField(element, { isWanted = false }) {
  const panel = element.closest('.panel-body');
  if (!isWanted && getComputedStyle(panel).overflowY !== 'auto') return;
  element.scrollIntoView({ block: isWanted ? 'center' : 'nearest' });
  if (isWanted) element.querySelector(CONTROLS).focus({ preventScroll: true });
}
