import { duration } from './duration.js';
import { describeChanges, describeModels, describeTokens } from './summary.js';

const MODEL_KEYS = ['model', 'image_model', 'model_embedding'];

/** The line above a result, and what differs from the form's settings. */
export function Summary({ metadata = {}, query, elapsedMs, fields }) {
  const asked = MODEL_KEYS.map((key) => query[key]).find(Boolean);
  const model = describeModels(metadata, asked);
  const changes = describeChanges(metadata, fields, metadata.substituted_model ?? asked ?? model);
  const facts = [
    model,
    metadata.endpoint === 'responses' && 'Responses API',
    describeTokens(metadata.usage),
    duration(elapsedMs),
  ].filter(Boolean);
  return (
    <div class="summary">
      <p>
        {facts.map((fact, index) => (
          <span class="fact" key={fact}>
            {fact}
            {index < facts.length - 1 && ' · '}
          </span>
        ))}
      </p>
      {changes.length > 0 && (
        <ul>
          {changes.map((change) => (
            <li key={change}>{change}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
