import { useEffect, useRef } from 'preact/hooks';
import { Form } from './forms/form.jsx';

/** ToolJet's own field, which stands below those of every plugin. */
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

/** `opened` is the saved query that was opened last. */
export function QueryPanel(props) {
  const { operations, query, opened, onChange, onRun, isRunning, state, children } = props;
  const body = useRef(null);

  useEffect(() => {
    body.current.scrollTop = 0;
  }, [opened]);

  // Other branches keep their values when the operation changes, as in ToolJet.
  const change = (key, value) => onChange({ ...query, [key]: value });

  function runOnCtrlEnter(event) {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || isRunning) return;
    event.preventDefault();
    onRun();
  }

  return (
    <section class="panel query" aria-labelledby="query-title" onKeyDown={runOnCtrlEnter}>
      <div class="panel-head">
        <h2 id="query-title">Query</h2>
        <span class="panel-note mono">openai1</span>
        <button
          type="button"
          class="button button-primary"
          aria-keyshortcuts="Control+Enter Meta+Enter"
          title="Ctrl+Enter"
          disabled={isRunning}
          onClick={onRun}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true" class="filled">
            <path d="M4.5 2.8v10.4L13 8z" />
          </svg>
          {isRunning ? 'Running…' : 'Run'}
        </button>
      </div>
      <div class="panel-body" ref={body}>
        <Form name="query" schema={operations} values={query} onChange={change} state={state} />
        <Form name="query" schema={TIMEOUT} values={query} onChange={change} state={state} />
        {children}
      </div>
    </section>
  );
}
