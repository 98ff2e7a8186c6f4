import { useLayoutEffect } from 'preact/hooks';

/** Calls `onDismiss` on Escape, or on a press or the focus where `isKept(target)` is false. */
export function useDismissal(isOpen, isKept, onDismiss) {
  // Not a plain effect, which would be too late for a key pressed at once.
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    const onKey = ({ key }) => key === 'Escape' && onDismiss();
    const onMove = ({ target }) => isKept(target) || onDismiss();
    document.addEventListener('keydown', onKey);
    document.addEventListener('pointerdown', onMove);
    document.addEventListener('focusin', onMove);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('pointerdown', onMove);
      document.removeEventListener('focusin', onMove);
    };
  }, [isOpen]);
}
