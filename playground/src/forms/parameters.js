// Finds the field of a form by the API's parameter.

/** Parameters whose field has a different key. */
const KEYS = {
  max_completion_tokens: 'max_tokens',
  messages: 'prompt',
  role: 'system_prompt',
  stop: 'stop_sequence',
};

/**
 * The one of `fields` that sets `parameter`, which may also be the field's own key, with a path into
 * its value: `message_history[0].role`.
 */
export function findField(parameter, fields) {
  const name = parameter?.replace(/[.[].*$/s, '');
  const key = KEYS[name] ?? name;
  return (
    fields.find((field) => field.key === key) ??
    // Three operations have a field Model, each with its own key.
    fields.find(({ label }) => label.toLowerCase().replaceAll(' ', '_') === key)
  );
}
