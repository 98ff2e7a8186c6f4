import { duration } from './duration.js';
import { describeChanges, describeModels, describeTokens } from './summary.js';

const MODEL_KEYS = ['model', 'image_model', 'model_embedding'];

const TIME_TITLE =
  'From the server’s call of the plugin to its result. duration_ms, in metadata, is how long the query itself took.';

/** The line above a result, and what differs from the form's settings. */
export function Summary({ metadata = {}, query, elapsedMs, fields }) {
  const asked = MODEL_KEYS.map((key) => query[key]).find(Boolean);
  const model = describeModels(metadata, asked);
  const changes = describeChanges(metadata, fields, metadata.substituted_model ?? asked ?? model);
  const facts = [
    model,
    metadata.endpoint === 'responses' && 'Responses API',
    describeTokens(metadata.usage),
  ].filter(Boolean);
  return (
    <div class="summary">
      <p>
        {facts.map((fact) => (
          <span class="fact" key={fact}>
            {fact} ·{' '}
          </span>
        ))}
        <span class="fact" title={TIME_TITLE}>
          {duration(elapsedMs)}
        </span>
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
