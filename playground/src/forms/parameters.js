// Finds the field of a form by the API's parameter.

/** Parameters whose field has a different key. */
const KEYS = {
  max_completion_tokens: 'max_tokens',
  messages: 'prompt',
  role: 'system_prompt',
  stop: 'stop_sequence',
};

/** The one of `fields` that sets `parameter`, which may also be the field's own key. */
export function findField(parameter, fields) {
  const key = KEYS[parameter] ?? parameter;
  return (
    fields.find((field) => field.key === key) ??
    // Three operations have a field Model, each with its own key.
    fields.find(({ label }) => label.toLowerCase().replaceAll(' ', '_') === key)
  );
}
