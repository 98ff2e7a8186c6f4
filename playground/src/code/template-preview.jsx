import { fillIn } from '../../templates.mjs';
import { evaluateTemplates } from '../evaluate.js';

const MAX_CHARACTERS = 120;

/**
 * The value of a code field with a closed template; without one, nothing is shown. A template is
 * not judged while it is being written.
 */
export function TemplatePreview({ text, isWriting, state, tooljet }) {
  if (!text.includes('{{') || !text.includes('}}')) return null;
  const { values, problems } = evaluateTemplates(text, state);
  const [problem] = Object.values(problems);
  const value = problem ? undefined : fillIn(text, values, tooljet);
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
      <span class="preview-type">{Array.isArray(value) ? 'array' : typeof value}</span>{' '}
      {shortened(JSON.stringify(value))}
    </p>
  );
}

const shortened = (text) =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
