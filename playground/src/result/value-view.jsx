import { useState } from 'preact/hooks';
import { Segments } from '../segments.jsx';
import { JsonTree } from './json-tree.jsx';
import { picturesIn } from './pictures.js';

const MAX_CHARACTERS = 100_000;

/** Like ToolJet's preview: a tree for objects and lists, plain text for the rest, or raw JSON. */
export function ValueView({ name, caption, value }) {
  const pictures = picturesIn(value);
  const isTree = value !== null && typeof value === 'object';
  const views = [
    pictures.length > 0 && { id: 'picture', label: 'Image' },
    isTree ? { id: 'tree', label: 'Tree' } : { id: 'text', label: 'Text' },
    { id: 'raw', label: 'Raw' },
  ].filter(Boolean);
  const [wanted, setWanted] = useState();
  const chosen = views.find(({ id }) => id === wanted)?.id ?? views[0].id;
  return (
    <div class="value">
      <div class="value-head">
        <code class="caption">{caption}</code>
        <Segments
          legend={`View of ${name}`}
          name={`view-${name}`}
          choices={views}
          chosen={chosen}
          onChoose={setWanted}
          isSmall
        />
      </div>
      {chosen === 'picture' &&
        pictures.map((source) => (
          <img class="picture" key={source} src={source} alt="The result" />
        ))}
      {chosen === 'tree' && <JsonTree name={name} value={value} />}
      {chosen === 'text' && <div class="text-value">{String(value)}</div>}
      {chosen === 'raw' && <pre class="raw">{cut(JSON.stringify(value, null, 2))}</pre>}
    </div>
  );
}

/** A browser takes its time over megabytes of text without a space. */
function cut(text = 'undefined') {
  if (text.length <= MAX_CHARACTERS) return text;
  return `${text.slice(0, MAX_CHARACTERS)}… (${text.length.toLocaleString('en')} characters)`;
}
