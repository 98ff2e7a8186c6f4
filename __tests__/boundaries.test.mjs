import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { boundaryViolations, WINGS } from '../scripts/boundaries.mjs';

test('every folder of src/ is a wing, or the entry', () => {
  const folders = readdirSync(new URL('../src/', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  assert.deepEqual(folders.sort(), ['entry', ...Object.keys(WINGS)].sort());
});

for (const [file, text, names] of [
  ['input/fields.rs', 'use crate::error::Error;', []],
  ['input/fields.rs', 'use crate::response::list;', ['response']],
  ['input/fields.rs', 'use crate::{error::Error, policy::{adjust, retry::{A, B}}};', ['policy']],
  ['error/hints.rs', 'let end = crate::policy::capabilities::end(model);', ['policy']],
  ['policy/retry.rs', 'use crate::network::http::HttpResponse;', ['network']],
  ['operations/chat.rs', 'use crate::service::run;', ['service']],
  ['operations/list.rs', 'use crate::answers::Answers;', ['answers']],
  ['policy/pace.rs', 'use crate::budgets::MAX_PACES;', []],
  ['operations/chat.rs', '// tokio is mentioned\n', []],
  ['operations/chat.rs', 'use tokio::time;', ['tokio']],
  ['network/client/mod.rs', 'use tokio::time;', []],
  ['network/client/mod.rs', 'use napi::Env;', ['napi']],
  ['service.rs', 'use crate::{operations, response};', []],
  ['error/mod.rs', '#[cfg(test)]\nmod tests { use crate::service; }', []],
]) {
  test(`${names.length > 0 ? `rejects ${names}` : 'accepts the names'} in ${file}: ${text}`, () => {
    const expected = names.map((name) => `src/${file} names ${name}`);
    assert.deepEqual(boundaryViolations(file, text), expected);
  });
}
