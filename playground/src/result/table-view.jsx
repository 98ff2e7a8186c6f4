import { useState } from 'preact/hooks';
import { findColumns, printCell } from './table.js';

const PAGE = 50;
const MAX_CHARACTERS = 200;

export function TableView({ name, rows }) {
  const [shown, setShown] = useState(PAGE);
  const columns = findColumns(rows);
  return (
    <>
      {/* Focusable, so that the arrow keys scroll it. */}
      <section
        class="table"
        aria-label={`Table of ${name}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above.
        tabIndex={0}
      >
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row, index) => (
              <tr key={index}>
                {columns.map((column) => (
                  <td key={column}>{shortened(printCell(row[column]))}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > shown && (
        <button type="button" class="link-button" onClick={() => setShown(shown + 10 * PAGE)}>
          {(rows.length - shown).toLocaleString('en')} more
        </button>
      )}
    </>
  );
}

const shortened = (text) =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
