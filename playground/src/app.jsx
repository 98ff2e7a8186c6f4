import { useState } from 'preact/hooks';
import { receivedOperations } from '../../harness/form-transfer.mjs';
import { drawnFields, newQuery } from '../../harness/forms.mjs';
import icon from '../../icon.svg';
import { templatesIn } from '../templates.mjs';
import { ApiSwitch } from './api-switch.jsx';
import { ComponentsPanel, useComponents } from './components-panel.jsx';
import { evaluateTemplates } from './evaluate.js';
import { ExamplesBar } from './examples-bar.jsx';
import { useMark } from './forms/marks.js';
import { useKept } from './kept.js';
import { useQueries } from './queries.js';
import { QueryPanel } from './query-panel.jsx';
import { findFailedField, isFailure, readFailure } from './result/failure.js';
import { ResultPanel } from './result/result-panel.jsx';
import { useRun } from './run.js';
import { shownField } from './shown-field.js';
import { newSource, SourcePanel, storedOptions } from './source-panel.jsx';
import { ThemeSwitch } from './theme-switch.jsx';
import { TooljetSwitch, useTooljet } from './tooljet-switch.jsx';

const mockApiNote = ({ keyPrefix }) => (
  <>
    A mock API on this machine answers. It accepts any key that starts with <code>{keyPrefix}</code>
    .
  </>
);
const otherApiNote = (onReturn) => (
  <>
    This is not the Base URL of the mock API on this machine.{' '}
    <button type="button" class="small-button" onClick={onReturn}>
      Back to the mock API
    </button>
  </>
);
const REAL_API_NOTE =
  'Requests are billed. Your key stays in memory, here and in the local server.';

const mockSource = (manifest, { apiKey, base_url }) => newSource(manifest, { apiKey, base_url });

export function App({ setup: { manifest, operations, examples, mockApi } }) {
  const [api, setApi] = useState('mock-api');
  const [tooljet, setTooljet] = useTooljet();
  // Each API keeps its own data source, so that a real key never goes to the mock API.
  const [sources, setSources] = useState({
    'mock-api': mockSource(manifest, mockApi),
    openai: newSource(manifest),
  });
  const [query, setQuery] = useKept('query', newQuery(operations));
  const [chosenExample, setChosenExample] = useState();
  const [opened, setOpened] = useState(0);
  const { outcome, run, stop, refuse, clear } = useRun();
  const mark = useMark();
  const components = useComponents();
  const queries = useQueries();
  const state = { components: components.value, queries: queries.value };
  const source = sources[api];
  const received = receivedOperations(operations, tooljet);

  const setSource = (values) => setSources({ ...sources, [api]: values });

  function clearResult() {
    clear();
    mark.clear();
  }

  function switchApi(next) {
    clearResult();
    setApi(next);
  }

  function switchTooljet(next) {
    clearResult();
    setTooljet(next);
  }

  function runWith(values, queryOptions, now = state) {
    mark.clearFailed();
    if (components.problem && templatesIn(queryOptions).length > 0) {
      refuse('The query did not run, because Components is not valid JSON.');
      components.reveal();
      return;
    }
    const call = {
      options: storedOptions(manifest, values, tooljet),
      query: queryOptions,
      values: evaluateTemplates(queryOptions, now).values,
      tooljet,
    };
    run(call, ({ result }) => {
      if (isFailure(result, tooljet)) markFailedField(result, values, queryOptions);
      else queries.add(queryOptions.operation, result);
    });
  }

  const shown = (schema, options) =>
    drawnFields(schema.properties, options, tooljet).map(({ field }) => field);

  function markFailedField(result, values, queryOptions) {
    const found = findFailedField(result, {
      query: shown(received, queryOptions),
      source: shown(manifest, values),
    });
    if (!found) return;
    const { form, field } = found;
    const { happened, advice } = readFailure(result);
    mark.set({
      form,
      key: field.key,
      label: field.label,
      kind: 'failed',
      problem: advice ?? happened,
    });
  }

  function editSource(values, key) {
    setSource(values);
    setChosenExample(undefined);
    mark.edited('source', key);
  }

  function returnToMockApi() {
    setSource(mockSource(manifest, mockApi));
    clear();
    // Its button is gone, and with it the focus.
    mark.set({ form: 'source', key: 'base_url', kind: 'example', isWanted: true });
  }

  function noteOnSource() {
    if (api !== 'mock-api') return REAL_API_NOTE;
    return source.base_url === mockApi.base_url
      ? mockApiNote(mockApi)
      : otherApiNote(returnToMockApi);
  }

  function editQuery(values, key) {
    setQuery(values);
    setChosenExample(undefined);
    mark.edited('query', key);
  }

  function resetQuery() {
    // With the key of an example, any query would be as slow or fail as that one.
    const ofExamples = examples.flatMap(({ queries }) => queries.map(({ apiKey }) => apiKey));
    if (api === 'mock-api' && ofExamples.includes(source.apiKey)) {
      setSource({ ...source, apiKey: mockApi.apiKey });
    }
    setQuery(newQuery(operations));
    components.reset();
    setChosenExample(undefined);
    setOpened(opened + 1);
    clearResult();
  }

  function choose(example) {
    const next = { ...newQuery(operations), ...example.query };
    setChosenExample(example);
    setOpened(opened + 1);
    setQuery(next);
    const completed = components.complete();
    const isRunning = api === 'mock-api';
    mark.set({ ...shownField(example), kind: 'example', isRunning });
    if (!isRunning) return;
    const values = { ...source, apiKey: example.apiKey ?? mockApi.apiKey };
    setSource(values);
    runWith(values, next, { ...state, components: completed });
  }

  return (
    <>
      <header class="top">
        <h1>
          <img src={icon} alt="" width="26" height="26" />
          <span>
            OpenAI <span class="for">for ToolJet</span>
          </span>
          <span class="badge">Playground</span>
        </h1>
        <div class="top-controls">
          <TooljetSwitch tooljet={tooljet} onChange={switchTooljet} />
          <ApiSwitch api={api} onChange={switchApi} />
          <ThemeSwitch />
        </div>
      </header>
      <ExamplesBar examples={examples} api={api} chosen={chosenExample} onChoose={choose} />
      <main>
        <SourcePanel
          key={`${api} ${tooljet}`}
          manifest={manifest}
          note={noteOnSource()}
          values={source}
          onChange={editSource}
          mark={mark.within('source')}
          tooljet={tooljet}
        />
        <QueryPanel
          operations={received}
          query={query}
          onChange={editQuery}
          mark={mark.within('query')}
          onRun={() => runWith(source, query)}
          onStop={stop}
          onReset={resetQuery}
          opened={opened}
          isRunning={outcome.phase === 'running'}
          state={state}
          files={components.files}
          tooljet={tooljet}
        >
          <ComponentsPanel components={components} />
        </QueryPanel>
        <ResultPanel
          outcome={outcome}
          opened={opened}
          tooljet={tooljet}
          fields={shown(received, query)}
          failedField={mark.failed}
          onReveal={mark.reveal}
        />
      </main>
    </>
  );
}
