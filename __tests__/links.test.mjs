// Every relative link of every Markdown page in git has a target in git, and its #anchor a heading
// in that file, by GitHub's rules.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Lists the paths that git tracks; returns undefined in a copy without git. */
function listTrackedFiles() {
  // Git does not trust the clone of another user by default, and root may test such a clone.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z'];
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) return undefined;
  return stdout.split('\0').filter((path) => path && existsSync(join(ROOT, path)));
}

/** Drops what GitHub does not render: code blocks in fences, and comments. */
function dropFences(page) {
  let fence;
  const lines = page.split('\n').filter((line) => {
    const [, marks, rest] = /^[\s>]*(?:[-*+]\s+)?(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === undefined) {
      const isOpening = marks !== undefined && !(marks[0] === '`' && rest.includes('`'));
      if (isOpening) fence = marks;
      return !isOpening;
    }
    if (marks?.startsWith(fence) && rest.trim() === '') fence = undefined;
    return false;
  });
  return lines.join('\n').replace(/<!--[\s\S]*?-->/g, '');
}

function findAnchors(page) {
  const text = dropFences(page);
  const headings = text.matchAll(
    /^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$|^ {0,3}([^\s|>#-].*)\n {0,3}(?:=+|-+)[ \t]*$/gm,
  );
  const counts = new Map();
  const anchors = new Set();
  for (const [, hashed, underlined] of headings) {
    const slug = slugify(hashed ?? underlined);
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const [, name] of text.matchAll(/<\w+\s[^>]*\b(?:id|name)="([^"]+)"/g)) anchors.add(name);
  return anchors;
}

/** Makes the anchor that GitHub gives to a heading. */
function slugify(heading) {
  return heading
    .replace(/!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, '$1')
    .replace(
      /(`+)(.+?)\1|<[^>]+>|(?<!\w)([*_]{1,3})(\S.*?)\3(?!\w)/g,
      (_, _ticks, code, _marks, emphasized) => code ?? emphasized ?? '',
    )
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{Nd}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

const CODE_SPAN = /(?<!`)(`+)(?!`)(?:(?!\n\s*\n)[\s\S])*?[^`]\1(?!`)/g;
const INLINE =
  /\]\(\s*(?:<([^>\n]*)>|((?:[^\s()]|\([^\s()]*\))+))(?:\s+(?:"[^"]*"|'[^']*'|\([^)]*\)))?\s*\)/g;
const DEFINITION = /^ {0,3}\[([^\]^][^\]]*)\]:[ \t]*\n?[ \t]*(?:<([^>\n]*)>|(\S+))/gm;
const REFERENCE = /\[([^[\]]+)\]\[([^[\]]*)\]/g;
const HTML = /<\w+\s[^>]*?\b(?:href|src|srcset)="([^"\s]*)/g;

/** Finds the targets of a page's links and images, and the references without a definition. */
function findLinks(page) {
  const text = dropFences(page).replace(CODE_SPAN, 'code');
  const normalize = (label) => label.trim().toLowerCase().replace(/\s+/g, ' ');
  const definitions = [...text.matchAll(DEFINITION)];
  const labels = new Set(definitions.map(([, label]) => normalize(label)));
  return {
    targets: [
      ...Array.from(text.matchAll(INLINE), ([, bracketed, plain]) => bracketed ?? plain),
      ...definitions.map(([, , bracketed, plain]) => bracketed ?? plain),
      ...Array.from(text.matchAll(HTML), ([, target]) => target),
    ],
    undefinedLabels: Array.from(text.matchAll(REFERENCE), ([, label, id]) => id || label).filter(
      (label) => !labels.has(normalize(label)),
    ),
  };
}

/** Lists what is wrong with the links of the page at `path`; `read` reads another file. */
function findBrokenLinks(path, { files, read }) {
  const { targets, undefinedLabels } = findLinks(read(path));
  const isFolder = (name) => name === '.' || files.some((file) => file.startsWith(`${name}/`));

  function verify(target) {
    const [, encoded, anchor] = /^([^#?]*)(?:\?[^#]*)?(?:#(.*))?$/.exec(target);
    const file = decodeURIComponent(encoded);
    const folder = file.startsWith('/') ? '.' : posix.dirname(path);
    let found = file === '' ? path : posix.join(folder, file).replace(/\/$/, '');
    if (!files.includes(found) && !isFolder(found)) return 'is not in git';
    if (!anchor) return undefined;
    if (isFolder(found)) found = posix.join(found, 'README.md');
    if (!files.includes(found)) return 'is a folder without a README.md';
    if (!found.endsWith('.md')) return /^L\d+(-L\d+)?$/.test(anchor) ? undefined : 'is not a page';
    const hasAnchor = findAnchors(read(found)).has(decodeURIComponent(anchor));
    return hasAnchor ? undefined : `${found} has no such heading`;
  }

  return [
    ...targets
      .filter((target) => !/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(target))
      .map((target) => ({ target, problem: verify(target) }))
      .filter(({ problem }) => problem)
      .map(({ target, problem }) => `${target}: ${problem}`),
    ...undefinedLabels.map((label) => `[${label}]: has no definition`),
  ];
}

const files = listTrackedFiles();
const pages = files?.filter((path) => path.endsWith('.md')) ?? [];
const read = (path) => readFileSync(join(ROOT, path), 'utf8');

describe('the links of the pages', { skip: !files && 'git does not track this folder' }, () => {
  test('the pages have at least the expected number of links', () => {
    assert.ok(pages.length > 10, pages.join());
    assert.ok(pages.flatMap((path) => findLinks(read(path)).targets).length > 40);
  });

  for (const path of pages) {
    test(`every relative link of ${path} has a target`, () => {
      assert.deepEqual(findBrokenLinks(path, { files, read }), []);
    });
  }
});

describe('the link check', () => {
  const OTHER = `# Other, with \`code_name\` & *stress*

Underlined
----------

## Twice
## Twice
## [A link](x.md) in it ##
## Größe 2.0
~~~
# not a heading
~~~
<a id="by-hand"></a>`;

  function findBroken(page) {
    const texts = {
      'docs/page.md': page,
      'docs/other page.md': OTHER,
      'docs/a.png': '',
      'src/a.rs': '',
      'README.md': '# Read me',
    };
    return findBrokenLinks('docs/page.md', {
      files: Object.keys(texts),
      read: (path) => texts[path],
    });
  }

  for (const link of [
    '[x](other%20page.md)',
    '[x](<other page.md> "with a title")',
    '[x](other%20page.md#other-with-code_name--stress)',
    '[x](other%20page.md#underlined)',
    '[x](other%20page.md#twice) [x](other%20page.md#twice-1)',
    '[x](other%20page.md#a-link-in-it)',
    '[x](other%20page.md#gr%C3%B6%C3%9Fe-20)',
    '[x](other%20page.md#by-hand)',
    '[x](../README.md#read-me) [x](/README.md) [x](..#read-me) [x](../src/) [x](../src/a.rs#L1)',
    '[over\nlines](a.png) [![image](a.png)](#here)\n# Here',
    '[x][one], [One][] and [one]\n\n[one]: a.png "title"',
    '<img src="a.png"><a href="#here">x</a>\n# Here',
    '[x](https://example.com/none#at-all) [x](mailto:a@example.com)',
    '`[x](none.md)` ``a ` [x](none.md)`` <!-- [x](none.md) -->',
    '```md\n[x](none.md)\n~~~\n```\n> ````\n> ```\n> [x](none.md)\n> ````',
  ]) {
    test(`the link check accepts ${JSON.stringify(link)}`, () =>
      assert.deepEqual(findBroken(link), []));
  }

  for (const [link, problem] of [
    ['[x](none.md)', 'none.md: is not in git'],
    ['[x](A.png)', 'A.png: is not in git'],
    ['[x](../../README.md)', '../../README.md: is not in git'],
    ['![x](none.png "with a title")', 'none.png: is not in git'],
    ['[![image](none.png)](a.png)', 'none.png: is not in git'],
    ['[x](#none)', '#none: docs/page.md has no such heading'],
    ['[x](../README.md#Read-me)', '../README.md#Read-me: README.md has no such heading'],
    [
      '[x](other%20page.md#twice-2)',
      'other%20page.md#twice-2: docs/other page.md has no such heading',
    ],
    [
      '[x](other%20page.md#not-a-heading)',
      'other%20page.md#not-a-heading: docs/other page.md has no such heading',
    ],
    ['[x](../src/#x)', '../src/#x: is a folder without a README.md'],
    ['[x](../src/a.rs#main)', '../src/a.rs#main: is not a page'],
    ['[x][one]\n\n[one]: none.md', 'none.md: is not in git'],
    ['[x][one]', '[one]: has no definition'],
    ['<img alt="x" src="none.png">', 'none.png: is not in git'],
    ['```\n```\n[x](none.md)', 'none.md: is not in git'],
  ]) {
    test(`the link check rejects ${JSON.stringify(link)}`, () =>
      assert.deepEqual(findBroken(link), [problem]));
  }
});
