import { useId, useRef } from 'preact/hooks';

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** The ARIA tab pattern: one tab stop, with arrow keys to switch tabs. */
export function Tabs({ label, tabs, chosen, onChoose }) {
  const id = useId();
  const list = useRef(null);
  const current = tabs.findIndex((tab) => tab.id === chosen);

  function step(event) {
    const move = STEPS[event.key];
    if (!move) return;
    event.preventDefault();
    const next = (current + move + tabs.length) % tabs.length;
    onChoose(tabs[next].id);
    list.current.children[next].focus();
  }

  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={step}>
        {tabs.map((tab) => (
          <button
            type="button"
            role="tab"
            key={tab.id}
            id={`${id}-${tab.id}`}
            aria-selected={tab.id === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => onChoose(tab.id)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      {/* Focusable, so that the arrow keys scroll it. */}
      <div
        class="tab-panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${chosen}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above.
        tabIndex={0}
      >
        {tabs[current].content}
      </div>
    </>
  );
}
