import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { drawnFields, showsTooltip } from '../../../harness/forms.mjs';
import { useDismissal } from '../dismissal.js';
import { scrollToField } from './marks.js';
import { CodeField, Dropdown, Pairs, Password, Text } from './widgets.jsx';

const WIDGETS = {
  text: Text,
  password: Password,
  dropdown: Dropdown,
  'dropdown-component-flip': Dropdown,
  codehinter: CodeField,
  'react-component-headers': Pairs,
};

/**
 * One of the two forms, drawn from its JSON. `values` are the current options by key; `mark` is the
 * field to highlight, `files` are those that a person has chosen.
 */
export function Form(props) {
  const { name, schema, values, encrypted = [], onChange, mark, state, files, tooljet } = props;
  return (
    <div class={`form form-${name}`}>
      {drawnFields(schema.properties, values, tooljet).map(({ field }) => (
        <Field
          key={`${field.key} ${field.type} ${field.mode}`}
          field={field}
          value={values[field.key]}
          encrypted={encrypted.includes(field.key)}
          onChange={(value) => onChange(field.key, value)}
          mark={mark?.key === field.key ? mark : undefined}
          state={state}
          files={files}
          tooljet={tooljet}
        />
      ))}
    </div>
  );
}

function Field({ field, value, encrypted, onChange, mark, state, files, tooljet }) {
  const id = useId();
  const element = useRef(null);
  const [explained, setExplained] = useState(false);
  const Widget = WIDGETS[field.type];
  const ids = { id, labelId: `${id}-label`, tooltipId: `${id}-tooltip` };
  const helpId = `${id}-help`;
  const problemId = `${id}-problem`;
  const describedBy = [field.helpText && helpId, mark?.problem && problemId].filter(Boolean);
  const described = {
    ...(describedBy.length > 0 && { 'aria-describedby': describedBy.join(' ') }),
    ...(mark?.kind === 'failed' && { 'aria-invalid': 'true' }),
  };
  const hasTooltip = showsTooltip(field, tooljet);
  // The label toggles by itself.
  const isOnLabel = (target) => element.current.contains(target.closest('.label-button'));
  useDismissal(explained, isOnLabel, () => setExplained(false));

  // Not a layout effect: a new form scrolls to its top first.
  useEffect(() => {
    if (mark) scrollToField(element.current, mark);
  }, [mark]);

  return (
    <div class={mark ? `field field-${mark.kind}` : 'field'} ref={element}>
      <div class="label">
        {hasTooltip ? (
          <TooltipLabel
            label={field.label}
            ids={ids}
            explained={explained}
            onExplain={() => setExplained(!explained)}
          />
        ) : (
          <label for={ids.id} id={ids.labelId}>
            {field.label}
          </label>
        )}
        {field.type === 'password' && <Storage encrypted={encrypted} />}
      </div>
      {hasTooltip && explained && (
        <p class="tooltip" id={ids.tooltipId}>
          {field.tooltip}
        </p>
      )}
      <div class="control">
        {Widget ? (
          <Widget
            {...{ field, ids, value, encrypted, onChange, state, files, tooljet }}
            described={described}
          />
        ) : (
          <p class="problem">Type is invalid</p>
        )}
        {field.helpText && (
          // ToolJet draws it as HTML too; it comes from the manifest, not from a user.
          <p class="help" id={helpId} dangerouslySetInnerHTML={{ __html: field.helpText }} />
        )}
        {mark?.problem && (
          <p class="problem" id={problemId}>
            {mark.problem}
          </p>
        )}
      </div>
    </div>
  );
}

/** A label with a dashed underline; a click shows its text. */
const TooltipLabel = ({ label, ids, explained, onExplain }) => (
  <button
    type="button"
    class="label-button"
    aria-expanded={explained}
    aria-controls={explained ? ids.tooltipId : undefined}
    onClick={onExplain}
  >
    <span id={ids.labelId}>{label}</span>
  </button>
);

/** ToolJet says "Encrypted" at every password field; the page says whether that is true. */
const Storage = ({ encrypted }) =>
  encrypted ? (
    <span class="storage">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M4 7.2h8v6H4zM5.8 7.2V5.4a2.2 2.2 0 0 1 4.4 0v1.8" />
      </svg>
      Encrypted
    </span>
  ) : (
    <span class="storage storage-clear">Stored in clear</span>
  );
