import { useState } from 'preact/hooks';
import { CopyButton } from '../clipboard.jsx';
import { Segments } from '../segments.jsx';
import { findImageUrls } from './images.js';
import { JsonTree } from './json-tree.jsx';
import { cut } from './raw.js';

/** Like ToolJet's preview: a tree for objects and lists, plain text for the rest, or raw JSON. */
export function ValueView({ name, caption, value }) {
  const images = findImageUrls(value);
  const isTree = value !== null && typeof value === 'object';
  const views = [
    images.length > 0 && { id: 'image', label: 'Image' },
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
        <CopyButton title={`Copies ${name}`} read={() => asText(value)} />
      </div>
      {chosen === 'image' &&
        images.map((source) => <img class="image" key={source} src={source} alt="The result" />)}
      {chosen === 'tree' && <JsonTree name={name} value={value} />}
      {chosen === 'text' && <div class="text-value">{String(value)}</div>}
      {chosen === 'raw' && <pre class="raw">{cut(JSON.stringify(value, null, 2))}</pre>}
    </div>
  );
}

const asText = (value) =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'undefined');
