import { useId, useState } from 'preact/hooks';
import { layOut } from './layout.js';
import { CodeField, Dropdown, Pairs, Password, Text } from './widgets.jsx';

const WIDGETS = {
  text: Text,
  password: Password,
  dropdown: Dropdown,
  'dropdown-component-flip': Dropdown,
  codehinter: CodeField,
  'react-component-headers': Pairs,
};

/** One of the two forms, drawn from its JSON. `values` are the options so far, by key. */
export function Form({ name, schema, values, encrypted = [], onChange, state }) {
  return (
    <div class={`form form-${name}`}>
      {layOut(schema.properties, values).map(({ field, depth }) => (
        <Field
          key={`${field.key} ${field.type} ${field.mode}`}
          field={field}
          depth={depth}
          value={values[field.key]}
          encrypted={encrypted.includes(field.key)}
          onChange={(value) => onChange(field.key, value)}
          state={state}
        />
      ))}
    </div>
  );
}

function Field({ field, depth, value, encrypted, onChange, state }) {
  const id = useId();
  const [explained, setExplained] = useState(false);
  const Widget = WIDGETS[field.type];
  const ids = { id, labelId: `${id}-label`, helpId: `${id}-help`, tooltipId: `${id}-tooltip` };
  return (
    <div class={depth > 1 ? 'field nested' : 'field'}>
      <Label
        field={field}
        ids={ids}
        explained={explained}
        onExplain={() => setExplained(!explained)}
      />
      <div class="control">
        {explained && (
          <p class="tooltip" id={ids.tooltipId}>
            {field.tooltip}
          </p>
        )}
        {Widget ? (
          <Widget {...{ field, ids, value, encrypted, onChange, state }} />
        ) : (
          <p class="problem">Type is invalid</p>
        )}
        {field.helpText && (
          // ToolJet draws it as HTML too; it comes from the manifest, not from a user.
          <p class="help" id={ids.helpId} dangerouslySetInnerHTML={{ __html: field.helpText }} />
        )}
      </div>
    </div>
  );
}

/** With a tooltip it is underlined with dashes, and a click shows the text. */
function Label({ field, ids, explained, onExplain }) {
  const text = <span id={ids.labelId}>{field.label}</span>;
  return (
    <div class="label">
      {field.tooltip ? (
        <button
          type="button"
          class="label-button"
          aria-expanded={explained}
          aria-controls={explained ? ids.tooltipId : undefined}
          onClick={onExplain}
        >
          {text}
        </button>
      ) : (
        <label for={ids.id}>{text}</label>
      )}
    </div>
  );
}
