import { useState } from 'preact/hooks';
import { CopyButton } from '../clipboard.jsx';
import { Segments } from '../segments.jsx';
import { ImageView } from './image-view.jsx';
import { findImageUrls } from './images.js';
import { JsonTree } from './json-tree.jsx';
import { hasMarkdown } from './markdown.js';
import { MarkdownView } from './markdown-view.jsx';
import { cut } from './raw.js';
import { findRows } from './table.js';
import { TableView } from './table-view.jsx';

/** The views for a value, the best one first. */
function viewsOf(name, value, pairs) {
  const images = findImageUrls(value);
  const rows = pairs ?? findRows(value);
  const isTree = value !== null && typeof value === 'object';
  const isMarkdown = typeof value === 'string' && hasMarkdown(value);
  return [
    images.length > 0 && {
      id: 'image',
      label: 'Image',
      show: () => images.map((source) => <ImageView key={source} source={source} />),
    },
    rows && { id: 'table', label: 'Table', show: () => <TableView name={name} rows={rows} /> },
    isMarkdown && { id: 'markdown', label: 'Rendered', show: () => <MarkdownView text={value} /> },
    isTree
      ? { id: 'tree', label: 'Tree', show: () => <JsonTree name={name} value={value} /> }
      : { id: 'text', label: 'Text', show: () => <div class="text-value">{String(value)}</div> },
    {
      id: 'raw',
      label: 'Raw',
      show: () => <pre class="raw">{cut(JSON.stringify(value, null, 2))}</pre>,
    },
  ].filter(Boolean);
}

/**
 * As in ToolJet's preview, a tree for objects and lists, plain text for other values, or raw JSON;
 * before those, better views if there are any. `pairs` are rows to show as a table instead of the
 * value's own.
 */
export function ValueView({ name, caption, value, pairs }) {
  const views = viewsOf(name, value, pairs);
  const [wanted, setWanted] = useState();
  const chosen = views.find(({ id }) => id === wanted) ?? views[0];
  return (
    <div class="value">
      <div class="value-head">
        <code class="caption">{caption}</code>
        <div class="value-actions">
          <Segments
            legend={`View of ${name}`}
            name={`view-${name}`}
            choices={views}
            chosen={chosen.id}
            onChoose={setWanted}
            isSmall
          />
          <CopyButton title={`Copies ${name}`} read={() => asText(value)} />
        </div>
      </div>
      {chosen.show()}
    </div>
  );
}

const asText = (value) =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'undefined');
