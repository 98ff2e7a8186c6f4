// The field types that the two forms use in ToolJet's form engine, and the values that they store.
// `described` are the attributes that connect a control with its description.

import { useState } from 'preact/hooks';
import { codeFieldShape } from '../../../harness/forms.mjs';
import { CodeEditor } from '../code/code-editor.jsx';
import { TemplatePreview } from '../code/template-preview.jsx';
import { FileChoosers } from '../files/file-chooser.jsx';
import { fileComponentsIn } from '../files/own-files.js';

export function Text({ field, ids, value, onChange, described }) {
  return (
    <input
      id={ids.id}
      type="text"
      placeholder={field.description}
      value={value ?? ''}
      {...described}
      autocomplete="off"
      spellcheck={false}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}

export function Password({ field, ids, value, encrypted, onChange, described }) {
  return (
    <input
      id={ids.id}
      type="password"
      placeholder={encrypted ? '****' : field.description}
      value={value ?? ''}
      {...described}
      // Prevents browsers and password managers from offering to store it.
      autocomplete="off"
      data-1p-ignore
      data-lpignore="true"
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}

export function Dropdown({ field, ids, value, onChange, described }) {
  const chosen = field.list.findIndex((entry) => entry.value === value);
  return (
    <select
      id={ids.id}
      aria-labelledby={ids.labelId}
      {...described}
      value={String(chosen)}
      onChange={(event) => onChange(field.list[Number(event.currentTarget.value)].value)}
    >
      {chosen === -1 && (
        <option value="-1" hidden>
          Select..
        </option>
      )}
      {field.list.map((entry, index) => (
        <option key={entry.value} value={String(index)}>
          {entry.name}
        </option>
      ))}
    </select>
  );
}

export function CodeField({ field, ids, value, onChange, described, state, files, tooljet }) {
  // Like ToolJet's, it edits text, and shows any other value as JSON.
  const [isWriting, setWriting] = useState(false);
  const text = typeof value === 'string' || value === undefined ? value : JSON.stringify(value);
  return (
    <>
      <CodeEditor
        labelId={ids.labelId}
        described={described}
        text={text ?? ''}
        mode={field.mode}
        // ToolJet 3 lays a field out by its height alone.
        shape={tooljet === 2 ? codeFieldShape(field) : 'growing'}
        height={field.height}
        placeholder={field.placeholder}
        onChange={onChange}
        onWriting={setWriting}
        state={state}
      />
      <TemplatePreview text={text ?? ''} isWriting={isWriting} state={state} tooljet={tooljet} />
      <FileChoosers names={fileComponentsIn(text ?? '')} files={files} />
    </>
  );
}

const EMPTY_PAIR = ['', ''];

export function Pairs({ field, ids, value, onChange, described }) {
  const pairs = value?.length ? value : [EMPTY_PAIR];

  function change(row, column, text) {
    const changed = pairs.map((pair, index) => (index === row ? pair.with(column, text) : pair));
    const isFull = changed.at(-1).some((part) => part !== '');
    onChange(isFull ? [...changed, EMPTY_PAIR] : changed);
  }

  return (
    <fieldset
      class="pairs"
      aria-labelledby={ids.labelId}
      aria-describedby={described['aria-describedby']}
    >
      {pairs.map(([name, content], row) => (
        <div class="pair" key={row}>
          <input
            type="text"
            placeholder="Key"
            aria-label={`${field.label}, key ${row + 1}`}
            autocomplete="off"
            spellcheck={false}
            value={name}
            onInput={(event) => change(row, 0, event.currentTarget.value)}
          />
          <input
            type="text"
            placeholder="Value"
            aria-label={`${field.label}, value ${row + 1}`}
            autocomplete="off"
            spellcheck={false}
            value={content}
            onInput={(event) => change(row, 1, event.currentTarget.value)}
          />
          <button
            type="button"
            class="icon-button"
            aria-label={`Remove ${field.label.toLowerCase()} pair ${row + 1}`}
            disabled={row === pairs.length - 1}
            onClick={() => onChange(pairs.toSpliced(row, 1))}
          >
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="m4.5 4.5 7 7m0-7-7 7" />
            </svg>
          </button>
        </div>
      ))}
    </fieldset>
  );
}
