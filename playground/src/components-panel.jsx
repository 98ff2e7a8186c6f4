import { useState } from 'preact/hooks';
import { CodeEditor } from './code/code-editor.jsx';
import { COMPONENTS } from './components.js';

/** `value` is the last valid object; `problem` says what is wrong with the current text. */
export function useComponents() {
  const [text, setText] = useState(JSON.stringify(COMPONENTS, null, 2));
  const [value, setValue] = useState(COMPONENTS);
  const [problem, setProblem] = useState();

  function edit(edited) {
    setText(edited);
    try {
      const parsed = JSON.parse(edited);
      if (parsed === null || typeof parsed !== 'object') throw new Error('It is not an object.');
      setValue(parsed);
      setProblem(undefined);
    } catch (error) {
      setProblem(error.message);
    }
  }

  return { text, value, problem, edit };
}

export function ComponentsPanel({ components: { text, problem, edit } }) {
  return (
    <details class="components">
      <summary>
        <span id="components-title">Components</span>
        <span class="panel-note">
          what <code>{'{{components.…}}'}</code> refers to
        </span>
      </summary>
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
          Not used yet: {problem}
        </p>
      )}
    </details>
  );
}
