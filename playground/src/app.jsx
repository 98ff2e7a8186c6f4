import { useRef, useState } from 'preact/hooks';
import icon from '../../icon.svg';
import { ApiSwitch } from './api-switch.jsx';
import { runQuery } from './calls.js';
import { ComponentsPanel, useComponents } from './components-panel.jsx';
import { evaluateTemplates } from './evaluate.js';
import { withExample } from './examples.js';
import { ExamplesBar } from './examples-bar.jsx';
import { QueryPanel } from './query-panel.jsx';
import { ResultPanel } from './result/result-panel.jsx';
import { optionsFor, SourcePanel } from './source-panel.jsx';
import { ThemeSwitch } from './theme-switch.jsx';

const standInNote = ({ keyPrefix }) => (
  <>
    A stand-in answers, on this machine. It takes any key that starts with <code>{keyPrefix}</code>.
  </>
);
const REAL_API_NOTE =
  'The API answers, for money. Your key stays in memory, here and in the local server.';

export function App({ setup: { manifest, operations, standIn } }) {
  const [api, setApi] = useState('stand-in');
  // Each API keeps its own data source, so that a real key never goes to the stand-in.
  const [sources, setSources] = useState({
    'stand-in': optionsFor(manifest, standIn),
    openai: optionsFor(manifest),
  });
  const [query, setQuery] = useState(operations.defaults);
  const [chosenExample, setChosenExample] = useState();
  const [outcome, setOutcome] = useState({ phase: 'none' });
  const lastRun = useRef(new AbortController());
  const components = useComponents();
  const state = { components: components.value };
  const source = sources[api];

  const setSource = (options) => setSources({ ...sources, [api]: options });

  function switchApi(next) {
    lastRun.current.abort();
    setApi(next);
    setOutcome({ phase: 'none' });
  }

  async function run(options, queryOptions) {
    lastRun.current.abort();
    lastRun.current = new AbortController();
    const { signal } = lastRun.current;
    // The panel may belong to another run by then, or to the other API.
    const show = (next) => signal.aborted || setOutcome(next);
    setOutcome({ phase: 'running' });
    const { values } = evaluateTemplates(queryOptions, state);
    try {
      const answer = await runQuery({ options, query: queryOptions, values, signal });
      show({ phase: 'done', answer });
    } catch (error) {
      show({ phase: 'broken', message: error.message });
    }
  }

  function choose(example) {
    const next = withExample(example, operations.defaults);
    setChosenExample(example);
    setQuery(next);
    if (api !== 'stand-in') return;
    const apiKey = { ...source.apiKey, value: example.apiKey ?? standIn.apiKey };
    const options = { ...source, apiKey };
    setSource(options);
    run(options, next);
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
          <ApiSwitch api={api} onChange={switchApi} />
          <ThemeSwitch />
        </div>
      </header>
      <ExamplesBar api={api} chosen={chosenExample} onChoose={choose} />
      <main>
        <SourcePanel
          key={api}
          manifest={manifest}
          note={api === 'stand-in' ? standInNote(standIn) : REAL_API_NOTE}
          options={source}
          onChange={setSource}
        />
        <QueryPanel
          operations={operations}
          query={query}
          onChange={setQuery}
          onRun={() => run(source, query)}
          opened={chosenExample}
          isRunning={outcome.phase === 'running'}
          state={state}
        >
          <ComponentsPanel components={components} />
        </QueryPanel>
        <ResultPanel outcome={outcome} />
      </main>
    </>
  );
}
