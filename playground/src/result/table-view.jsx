import { useState } from 'preact/hooks';
import { cut } from './raw.js';
import { findColumns, printCell } from './table.js';

const PAGE = 50;
const MAX_CHARACTERS = 200;
/** Text that stays in one line: a word, a number, an ID. */
const LINE = /^\S{0,24}$/;

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
                  <Cell key={column} text={printCell(row[column])} />
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

/** Very long text is shortened until someone wants all of it. */
function Cell({ text }) {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > MAX_CHARACTERS;
  return (
    <td class={LINE.test(text) ? 'cell-line' : 'cell-lines'}>
      {isLong && !isWhole ? `${text.slice(0, MAX_CHARACTERS)}…` : cut(text)}
      {isLong && (
        <button type="button" class="link-button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show less' : 'Show all'}
        </button>
      )}
    </td>
  );
}
