import { adviceOnLoopback } from '../loopback.js';
import { duration } from './duration.js';
import { readFailure } from './failure.js';
import { JsonTree } from './json-tree.jsx';
import { buildToast } from './toast.js';
import { ValueView } from './value-view.jsx';

/**
 * A failed query: what happened and what to do, plus, folded, what an app builder sees of it in
 * ToolJet. `options` are those of the call; `failedField` is the field at fault, if any.
 */
export function FailureView({ result, options, elapsedMs, tooljet, failedField, onReveal }) {
  const { happened, advice } = readFailure(result);
  const more = adviceOnLoopback(result.data?.code, options.source.base_url);
  return (
    <>
      <div class="failure-card">
        <h3>What happened</h3>
        <p>{happened}</p>
        {advice && (
          <>
            <h3>What to do</h3>
            <p>{advice}</p>
            {more && <p>{more}</p>}
          </>
        )}
        {failedField && (
          <button type="button" class="button" onClick={onReveal}>
            Go to {failedField.label}
          </button>
        )}
        <Facts data={{ ...result.data, time: duration(elapsedMs) }} />
      </div>
      <details class="fold">
        <summary>As ToolJet {tooljet} shows it</summary>
        {tooljet === 2 ? <FailureInTwo result={result} /> : <FailureInThree result={result} />}
      </details>
    </>
  );
}

const FACTS = {
  status: 'HTTP status',
  code: 'Code',
  model: 'Model',
  attempts: 'Requests',
  time: 'Time',
  request_id: 'Request ID',
};

function Facts({ data }) {
  const known = Object.entries(FACTS).filter(([key]) => data[key] !== undefined);
  return (
    <dl class="facts">
      {known.map(([key, name]) => (
        <div key={key}>
          <dt>{name}</dt>
          <dd>{String(data[key])}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A toast, and `data` in the preview. No variable of the app contains the error. */
function FailureInTwo({ result }) {
  const toast = buildToast(result);
  return (
    <>
      <p class="toast">
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="m5.2 5.2 5.6 5.6m0-5.6-5.6 5.6" />
        </svg>
        <span>{toast}</span>
      </p>
      {toast === undefined && (
        <p class="problem">The toast is empty, because data has no message.</p>
      )}
      <ValueView name="data" caption="Preview" value={result.data} />
    </>
  );
}

/** The line of the debugger, and the variable that the app can read. */
const FailureInThree = ({ result }) => (
  <>
    <p class="failure">
      <span class="failure-title">Debugger: openai1</span>
      {result.description}
    </p>
    <code class="caption">queries.openai1.error</code>
    <JsonTree name="error" value={result} />
  </>
);
