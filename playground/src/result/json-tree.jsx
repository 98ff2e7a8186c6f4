import { useState } from 'preact/hooks';

const PAGE = 50;
const MAX_CHARACTERS = 400;

/** A value as a tree of native disclosure elements, which bring their own keyboard support. */
export function JsonTree({ name, value }) {
  return (
    <div class="tree">
      <Node name={name} value={value} depth={0} />
    </div>
  );
}

function Node({ name, value, depth }) {
  const [open, setOpen] = useState(depth === 0 || (depth === 1 && isSmall(value)));
  if (value === null || typeof value !== 'object') {
    return (
      <div class="leaf">
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span class="tree-size">{describeSize(value)}</span>
      </summary>
      {open && <Children value={value} depth={depth + 1} />}
    </details>
  );
}

const Name = ({ name }) => <span class="tree-name">{name}</span>;

function Children({ value, depth }) {
  const [shown, setShown] = useState(PAGE);
  const entries = Object.entries(value);
  return (
    <div class="tree-children">
      {entries.slice(0, shown).map(([key, child]) => (
        <Node key={key} name={key} value={child} depth={depth} />
      ))}
      {entries.length > shown && (
        <button type="button" class="link-button" onClick={() => setShown(shown + 10 * PAGE)}>
          {(entries.length - shown).toLocaleString('en')} more
        </button>
      )}
    </div>
  );
}

function Leaf({ value }) {
  if (typeof value !== 'string') {
    return <span class={`tree-value tree-${typeof value}`}>{String(value)}</span>;
  }
  const text =
    value.length > MAX_CHARACTERS
      ? `${value.slice(0, MAX_CHARACTERS)}… (${value.length.toLocaleString('en')} characters)`
      : value;
  return <span class="tree-value tree-string">"{text}"</span>;
}

const isSmall = (value) =>
  value !== null && typeof value === 'object' && Object.keys(value).length <= 12;

function describeSize(value) {
  const count = Object.keys(value).length;
  if (Array.isArray(value)) return count === 1 ? '1 item' : `${count.toLocaleString('en')} items`;
  return count === 1 ? '1 key' : `${count} keys`;
}
