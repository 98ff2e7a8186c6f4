import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { useKept } from './kept.js';

const SYSTEM = matchMedia('(prefers-color-scheme: dark)');
const systemTheme = () => (SYSTEM.matches ? 'dark' : 'light');

/** Follows the system until pressed for the first time. */
export function ThemeSwitch() {
  const [system, setSystem] = useState(systemTheme);
  const [chosen, setChosen] = useKept('theme');
  const theme = chosen ?? system;

  useEffect(() => {
    const follow = () => setSystem(systemTheme());
    SYSTEM.addEventListener('change', follow);
    return () => SYSTEM.removeEventListener('change', follow);
  }, []);

  useLayoutEffect(() => {
    if (chosen) document.documentElement.style.colorScheme = chosen;
  }, [chosen]);

  return (
    <button
      type="button"
      class="icon-button"
      aria-label="Dark theme"
      aria-pressed={theme === 'dark'}
      title={theme === 'dark' ? 'Switch to light' : 'Switch to dark'}
      onClick={() => setChosen(theme === 'dark' ? 'light' : 'dark')}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {theme === 'dark' ? (
          <path d="M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1.2v1.4m0 10.8v1.4M1.2 8h1.4m10.8 0h1.4M3.2 3.2l1 1m7.6 7.6 1 1m0-9.6-1 1m-7.6 7.6-1 1" />
        ) : (
          <path d="M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1" />
        )}
      </svg>
    </button>
  );
}
