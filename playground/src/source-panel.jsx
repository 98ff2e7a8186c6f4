import { useState } from 'preact/hooks';
import { testConnection } from './calls.js';
import { Form } from './forms/form.jsx';

/** The options of a new data source, as ToolJet keeps them: `{key: {value, encrypted}}`. */
export function optionsFor({ source, defaults }, values = {}) {
  return Object.fromEntries(
    Object.entries(source.options).map(([key, { encrypted = false }]) => [
      key,
      { value: values[key] ?? defaults[key]?.value, encrypted },
    ]),
  );
}

export function SourcePanel({ manifest, note, options, onChange }) {
  const [test, setTest] = useState();
  const keys = Object.keys(options);
  const values = Object.fromEntries(keys.map((key) => [key, options[key].value]));

  function change(key, value) {
    onChange({ ...options, [key]: { ...options[key], value } });
    setTest(undefined);
  }

  async function press() {
    setTest({ isRunning: true });
    try {
      const { result, elapsedMs } = await testConnection(options);
      setTest({ ...result, elapsedMs });
    } catch (error) {
      setTest({ status: 'failed', message: error.message });
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
          encrypted={keys.filter((key) => options[key].encrypted)}
          onChange={change}
        />
      </div>
      <div class="panel-foot">
        <button type="button" class="button" disabled={test?.isRunning} onClick={press}>
          {test?.isRunning ? 'Testing…' : 'Test connection'}
        </button>
        <TestResult test={test} />
      </div>
    </section>
  );
}

/** ToolJet shows a toast for success, and for anything else the message alone in a red box. */
function TestResult({ test }) {
  const isDone = test && !test.isRunning;
  const isOk = test?.status === 'ok';
  return (
    <div class="test-result" role="status">
      {isDone && (
        <p class={isOk ? 'verdict verdict-ok' : 'verdict verdict-failed'}>
          {isOk ? 'Connection verified' : test.message}
        </p>
      )}
      {isDone && isOk && test.message && <p class="verdict verdict-warning">{test.message}</p>}
    </div>
  );
}
