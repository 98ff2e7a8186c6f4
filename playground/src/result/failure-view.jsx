import { JsonTree } from './json-tree.jsx';
import { buildToast } from './toast.js';
import { ValueView } from './value-view.jsx';

/** What an app builder sees of a failed query. */
export const FailureView = ({ result, tooljet }) =>
  tooljet === 2 ? <FailureInTwo result={result} /> : <FailureInThree result={result} />;

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
