import { useMemo } from 'preact/hooks';
import { fillIn } from '../../templates.mjs';
import { evaluateTemplates } from '../evaluate.js';

const MAX_CHARACTERS = 120;

/**
 * The value of a code field with a closed template; without one, nothing is shown. A template is
 * not judged while it is being written.
 */
export function TemplatePreview({ text, isWriting, state, tooljet }) {
  // A file makes this slow, and every edit of the form draws every field.
  const result = useMemo(
    () => evaluateText(text, state, tooljet),
    [text, state.components, state.queries, tooljet],
  );
  if (!result) return null;
  const { value, json, problem } = result;
  if (isWriting && value === undefined) return <p class="preview">…</p>;
  if (problem) {
    return (
      <p class="preview preview-problem">
        <span class="preview-type">undefined</span> {problem}
      </p>
    );
  }
  if (value === undefined || value === null) {
    return (
      <p class="preview preview-nothing">
        <span class="preview-type">{String(value)}</span> The field counts as empty.
      </p>
    );
  }
  return (
    <p class="preview">
      <span class="preview-type">{Array.isArray(value) ? 'array' : typeof value}</span> {json}
    </p>
  );
}

/** `{value, json}`, or `{problem}`. */
function evaluateText(text, state, tooljet) {
  if (!text.includes('{{') || !text.includes('}}')) return undefined;
  const { values, problems } = evaluateTemplates(text, state);
  const [problem] = Object.values(problems);
  if (problem) return { problem };
  const value = fillIn(text, values, tooljet);
  return { value, json: shortened(JSON.stringify(value)) };
}

const shortened = (text = '') =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
