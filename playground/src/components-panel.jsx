import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CodeEditor } from './code/code-editor.jsx';
import { COMPONENTS } from './components.js';
import { FileChoosers } from './files/file-chooser.jsx';
import { FILE_COMPONENTS, useOwnFiles } from './files/own-files.js';
import { useKept } from './kept.js';

const DEFAULT_TEXT = JSON.stringify(COMPONENTS, null, 2);

/**
 * `value` is the last valid object, with the files that a person has chosen; `problem` says what is
 * wrong with the current text. `reset` goes back to the samples. `complete` adds those that are
 * missing to a valid text, so that every example runs, and returns the value. `reveal` opens and
 * focuses the text.
 */
export function useComponents() {
  const [text, setText] = useKept('components', DEFAULT_TEXT);
  const [{ value, problem }, setParsed] = useState(() => ({ value: COMPONENTS, ...parse(text) }));
  const [revealed, setRevealed] = useState(0);
  const files = useOwnFiles();
  const state = useMemo(() => withFiles(value, files.chosen), [value, files.chosen]);

  function reset() {
    edit(DEFAULT_TEXT);
    files.clear();
  }

  function complete() {
    if (problem || Object.keys(COMPONENTS).every((name) => name in value)) return state;
    const completed = { ...COMPONENTS, ...value };
    edit(JSON.stringify(completed, null, 2));
    return withFiles(completed, files.chosen);
  }

  function edit(edited) {
    setText(edited);
    setParsed(({ value }) => ({ value, ...parse(edited) }));
  }

  const reveal = () => setRevealed(revealed + 1);

  return { text, value: state, files, problem, edit, reset, complete, revealed, reveal };
}

const withFiles = (components, chosen) => ({
  ...components,
  ...Object.fromEntries(Object.entries(chosen).map(([name, { value }]) => [name, value])),
});

/** `{value}`, or `{problem}`. */
function parse(text) {
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== 'object') throw new Error('This is not an object.');
    return { value, problem: undefined };
  } catch (error) {
    return { problem: error.message };
  }
}

export function ComponentsPanel({ components: { text, files, problem, edit, revealed } }) {
  const element = useRef(null);

  function scrollIfOpen() {
    if (element.current.open) element.current.scrollIntoView({ block: 'nearest' });
  }

  useEffect(() => {
    if (revealed === 0) return;
    element.current.open = true;
    element.current.querySelector('.cm-content').focus({ preventScroll: true });
    scrollIfOpen();
  }, [revealed]);

  return (
    <details class="components" ref={element} onToggle={scrollIfOpen}>
      <summary>
        <span id="components-title">Components</span>
        <span class="panel-note">
          what <code>{'{{components.…}}'}</code> refers to
        </span>
      </summary>
      <FileChoosers names={FILE_COMPONENTS} files={files} />
      <CodeEditor
        labelId="components-title"
        text={text}
        mode="javascript"
        height="120px"
        onChange={edit}
        state={{}}
      />
      {problem && (
        <p class="problem" role="alert">
          A query with a template does not run until this is a JSON object. {problem}
        </p>
      )}
    </details>
  );
}
