import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { duration } from './duration.js';
import { Elapsed } from './elapsed.jsx';
import { isFailure } from './failure.js';
import { FailureView } from './failure-view.jsx';
import { JsonTree } from './json-tree.jsx';
import { RequestsView } from './requests-view.jsx';
import { Sources } from './sources.jsx';
import { Summary } from './summary.jsx';
import { pairRows } from './table.js';
import { Tabs } from './tabs.jsx';
import { ValueView } from './value-view.jsx';

/**
 * `opened` counts the examples and new queries that were opened. `fields` are those of the query's
 * form. `failedField` is marked in a form, and `onReveal` scrolls to it.
 */
export function ResultPanel({ outcome, opened, tooljet, fields, failedField, onReveal }) {
  const panel = useRef(null);
  const [chosen, setChosen] = useState('answer');
  const { phase } = outcome;

  useEffect(() => {
    if (phase === 'none') return;
    // On a narrow page the result is below the form, the buttons at the bottom may cover its top, and
    // the end of the previous result may be in view.
    const { top } = panel.current.getBoundingClientRect();
    if (top < 0 || top > 0.8 * window.innerHeight) panel.current.scrollIntoView();
    if (phase !== 'done') return;
    if (isFailure(outcome.answer.result, tooljet)) setChosen('answer');
  }, [outcome]);

  // What was of interest in another query need not be in this one.
  useLayoutEffect(() => setChosen('answer'), [opened]);

  return (
    <section
      ref={panel}
      class="panel result"
      aria-labelledby="result-title"
      aria-busy={phase === 'running'}
    >
      <div class="panel-head">
        <h2 id="result-title">Result</h2>
        <Verdict outcome={outcome} tooljet={tooljet} />
      </div>
      <div class="panel-body">
        {phase === 'none' && <Invitation />}
        {phase === 'running' && <div class="progress" aria-hidden="true" />}
        {phase === 'stopped' && <p class="caption">Stopped after {duration(outcome.elapsedMs)}.</p>}
        {phase === 'broken' && <p class="problem">{outcome.message}</p>}
        {outcome.answer && (
          <div class={phase === 'done' ? undefined : 'outdated'}>
            <Answer
              {...outcome.answer}
              {...{ tooljet, fields, failedField, onReveal, chosen }}
              onChoose={setChosen}
            />
          </div>
        )}
      </div>
    </section>
  );
}

function Verdict({ outcome: { phase, answer, startedAt }, tooljet }) {
  return (
    <span class="verdict-line">
      <span role="status">
        {phase === 'running' && 'Running…'}
        {phase === 'stopped' && 'Stopped'}
        {phase === 'done' && <Pill failed={isFailure(answer.result, tooljet)} />}
      </span>
      {phase === 'running' && <Elapsed since={startedAt} />}
    </span>
  );
}

const Pill = ({ failed }) => (
  <span class={failed ? 'pill pill-failed' : 'pill pill-ok'}>{failed ? 'Failed' : 'Success'}</span>
);

function Invitation() {
  return (
    <div class="invitation">
      <p>Choose an example above, or fill in the form and run it.</p>
      <p>
        <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs the query from any of its fields.
      </p>
    </div>
  );
}

function Answer(props) {
  const { result, requests, note, options, elapsedMs } = props;
  const { tooljet, fields, failedField, onReveal } = props;
  const { chosen, onChoose } = props;
  const tabs = [
    isFailure(result, tooljet)
      ? {
          id: 'answer',
          title: 'Error',
          content: (
            <FailureView {...{ result, options, elapsedMs, tooljet, failedField, onReveal }} />
          ),
        }
      : {
          id: 'answer',
          title: 'Answer',
          content: (
            <>
              <Summary
                metadata={result.metadata}
                query={options.query}
                {...{ elapsedMs, fields }}
              />
              <SuccessView result={result} query={options.query} tooljet={tooljet} />
            </>
          ),
        },
    {
      id: 'requests',
      title: requests?.length > 1 ? `Requests (${requests.length})` : 'Request',
      content: <RequestsView requests={requests} note={note} />,
    },
    { id: 'options', title: 'Options', content: <OptionsView options={options} /> },
  ];
  return <Tabs label="Parts of the result" tabs={tabs} chosen={chosen} onChoose={onChoose} />;
}

/** ToolJet 2 drops metadata; the page shows what else in it is useful to a person. */
const SuccessView = ({ result: { data, metadata }, query, tooljet }) => (
  <>
    <ValueView
      name="data"
      caption="queries.openai1.data"
      value={data}
      pairs={pairRows(query, { data, metadata })}
    />
    {metadata?.sources?.length > 0 && <Sources sources={metadata.sources} />}
    {tooljet === 3 && (
      <ValueView name="metadata" caption="queries.openai1.metadata" value={metadata} />
    )}
  </>
);

function OptionsView({ options: { source, query } }) {
  return (
    <>
      <p class="caption">What the plugin was called with, templates filled in.</p>
      <JsonTree name="queryOptions" value={query} />
      <JsonTree name="sourceOptions" value={source} />
    </>
  );
}
