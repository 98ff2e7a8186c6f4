import { useEffect, useRef, useState } from 'preact/hooks';
import { isStoredEncrypted } from '../../harness/forms.mjs';
import { testConnection } from './calls.js';
import { Form } from './forms/form.jsx';
import { adviceOnLoopback } from './loopback.js';

/** The defaults of a new data source, by key. */
export const newSource = ({ defaults }, values = {}) => ({
  ...Object.fromEntries(Object.entries(defaults).map(([key, { value }]) => [key, value])),
  ...values,
});

/** The options of a data source as ToolJet stores them: `{key: {value, encrypted}}`. */
export const storedOptions = (manifest, values, tooljet) =>
  Object.fromEntries(
    Object.keys(manifest.source.options).map((key) => [
      key,
      { value: values[key], encrypted: isStoredEncrypted(manifest, key, tooljet) },
    ]),
  );

export function SourcePanel({ manifest, note, values, onChange, mark, tooljet }) {
  const [test, setTest] = useState();
  const options = storedOptions(manifest, values, tooljet);

  // A test of other options says nothing about these.
  const isCurrent = test && JSON.stringify(test.options) === JSON.stringify(options);

  const isRunning = isCurrent && test.isRunning;

  const change = (key, value) => onChange({ ...values, [key]: value }, key);

  async function press() {
    const show = (next) =>
      setTest((last) => (last.options === options ? { options, ...next } : last));
    setTest({ options, isRunning: true });
    try {
      const { result, code } = await testConnection({ options, tooljet });
      show({ ...result, code });
    } catch (error) {
      show({ status: 'failed', message: error.message });
    }
  }

  return (
    <section class="panel source" aria-labelledby="source-title">
      <div class="panel-head">
        <h2 id="source-title">Data source</h2>
        <span class="panel-note">{manifest.source.name}</span>
      </div>
      <div class="panel-body">
        <p class="source-note">{note}</p>
        <Form
          name="source"
          schema={manifest}
          values={values}
          encrypted={Object.keys(options).filter((key) => options[key].encrypted)}
          onChange={change}
          mark={mark}
          tooljet={tooljet}
        />
      </div>
      <div class="panel-foot">
        <button type="button" class="button" disabled={isRunning} onClick={press}>
          {isRunning ? 'Testing…' : 'Test connection'}
        </button>
        <TestResult test={isCurrent ? test : undefined} baseUrl={values.base_url} />
      </div>
    </section>
  );
}

/** Every ToolJet shows that a test succeeded; for a failed one, it shows the message. */
function TestResult({ test, baseUrl }) {
  const isDone = test && !test.isRunning;
  const isOk = test?.status === 'ok';
  const advice = adviceOnLoopback(test?.code, baseUrl);
  const box = useRef(null);

  // It appears below the button, where a low or narrow window may end.
  useEffect(() => {
    if (isDone) box.current.scrollIntoView({ block: 'nearest' });
  }, [test]);

  return (
    <div ref={box} class="test-result" role="status">
      {isDone && (
        <p class={isOk ? 'verdict verdict-ok' : 'verdict verdict-failed'}>
          {isOk ? 'Connection verified' : test.message}
        </p>
      )}
      {isDone && advice && <p class="caption">{advice}</p>}
    </div>
  );
}
