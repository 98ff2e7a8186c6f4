import { useLayoutEffect, useRef } from 'preact/hooks';
import { Form } from './forms/form.jsx';

/** A field that ToolJet 3 adds below those of every plugin. */
const TIMEOUT = {
  properties: {
    query_timeout: {
      label: 'Timeout ( ms )',
      key: 'query_timeout',
      type: 'codehinter',
      height: '36px',
      placeholder: 'Default: none',
    },
  },
};

/** `opened` counts the examples and new queries that were opened; `mark` is the field to highlight. */
export function QueryPanel(props) {
  const { operations, query, opened, onChange, mark, state, files, tooljet, children } = props;
  const { isRunning, onRun, onStop, onReset } = props;
  const body = useRef(null);
  const runButton = useRef(null);

  useLayoutEffect(() => {
    body.current.scrollTop = 0;
  }, [opened]);

  // Other branches keep their values when the operation changes, as in ToolJet.
  const change = (key, value) => onChange({ ...query, [key]: value }, key);

  function runOnCtrlEnter(event) {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || isRunning) return;
    event.preventDefault();
    onRun();
  }

  function stop() {
    onStop();
    runButton.current.focus();
  }

  const form = { name: 'query', values: query, onChange: change, mark, state, files, tooljet };
  return (
    <section class="panel query" aria-labelledby="query-title" onKeyDown={runOnCtrlEnter}>
      <div class="panel-head">
        <h2 id="query-title">Query</h2>
        <span class="panel-note mono">openai1</span>
        {/* Not where Stop appears, so that a second press of that does not reset. */}
        {!isRunning && (
          <button
            type="button"
            class="small-button"
            title="Back to a new query and the sample components"
            onClick={onReset}
          >
            Reset
          </button>
        )}
        <span class="run-buttons">
          {isRunning && (
            <button type="button" class="button" onClick={stop}>
              Stop
            </button>
          )}
          {/* Not `disabled`, which would lose the focus. */}
          <button
            type="button"
            ref={runButton}
            class="button button-primary"
            aria-keyshortcuts="Control+Enter Meta+Enter"
            title="Ctrl+Enter"
            aria-disabled={isRunning}
            onClick={() => isRunning || onRun()}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true" class="filled">
              <path d="M4.5 2.8v10.4L13 8z" />
            </svg>
            {isRunning ? 'Running…' : 'Run'}
          </button>
        </span>
      </div>
      <div class="panel-body" ref={body}>
        <Form {...form} schema={operations} />
        {tooljet === 3 && <Form {...form} schema={TIMEOUT} />}
        {children}
      </div>
    </section>
  );
}
