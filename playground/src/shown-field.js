/** The field that an example is about: `{form, key}`. */
export const shownField = ({ apiKey, query }) =>
  apiKey ? { form: 'source', key: 'apiKey' } : { form: 'query', key: Object.keys(query).at(-1) };
