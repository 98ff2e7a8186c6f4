/** A choice among a few options, as radio buttons in a row. `choices` are `{id, label, title}`. */
export function Segments({ legend, name, choices, chosen, onChoose, isSmall = false }) {
  return (
    <fieldset class={isSmall ? 'segments segments-small' : 'segments'}>
      <legend class="visually-hidden">{legend}</legend>
      {choices.map(({ id, label, title }) => (
        <label key={id} title={title}>
          <input
            type="radio"
            name={name}
            value={id}
            checked={chosen === id}
            onChange={() => onChoose(id)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
