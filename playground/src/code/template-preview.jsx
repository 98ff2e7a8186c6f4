import { fillIn } from '../../templates.mjs';
import { evaluateTemplates } from '../evaluate.js';

const MAX_CHARACTERS = 120;

/** The value of a code field with templates; without any, nothing is shown. */
export function TemplatePreview({ text, state, tooljet }) {
  if (!text.includes('{{')) return null;
  const { values, problems } = evaluateTemplates(text, state);
  const [problem] = Object.values(problems);
  if (problem) {
    return (
      <p class="preview preview-problem">
        <span class="preview-type">undefined</span> {problem}
      </p>
    );
  }
  const value = fillIn(text, values, tooljet);
  return (
    <p class="preview">
      <span class="preview-type">{describeType(value)}</span>{' '}
      {shortened(JSON.stringify(value) ?? '')}
    </p>
  );
}

function describeType(value) {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const shortened = (text) =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
