const APIS = [
  { id: 'stand-in', label: 'Stand-in', title: 'A stand-in for OpenAI’s API on this machine' },
  { id: 'openai', label: 'Real API', title: 'OpenAI’s API, or any other: with a key of yours' },
];

export function ApiSwitch({ api, onChange }) {
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">API</legend>
      {APIS.map(({ id, label, title }) => (
        <label key={id} title={title}>
          <input
            type="radio"
            name="api"
            value={id}
            checked={api === id}
            onChange={() => onChange(id)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
