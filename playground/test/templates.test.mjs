import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fillIn, templatesIn } from '../templates.mjs';

const VALUES = {
  '{{text}}': 'Ada',
  '{{number}}': 0.7,
  '{{list}}': [1, 'two'],
  '{{object}}': { a: 1 },
  '{{nothing}}': null,
  '{{dollars}}': 'a$&b',
};

describe('templates', () => {
  test('finds templates at any depth, each once', () => {
    const options = { a: 'x {{one}} {{two}}', b: [{ c: '{{one}}' }], d: 3, e: null };
    assert.deepEqual(templatesIn(options), ['{{one}}', '{{two}}']);
  });

  const cases = {
    'plain text keeps its line breaks': ['a\nb', 'a\nb'],
    'a number typed as text stays text': ['0.7', '0.7'],
    'one template alone gives its typed value': ['{{number}}', 0.7],
    'a list comes as a list': ['{{list}}', [1, 'two']],
    'null comes as null': ['{{nothing}}', null],
    'a template without a value is undefined': ['{{missing}}', undefined],
    'a blank next to a template makes it text': [' {{number}}', ' 0.7'],
    'two templates make a text': ['{{text}}{{number}}', 'Ada0.7'],
    'other values enter a text as JSON': [
      '{{object}} {{list}} {{nothing}}',
      '{"a":1} [1,"two"] null',
    ],
    'undefined enters a text as a word': ['x {{missing}}', 'x undefined'],
    'text around a template loses its line breaks': ['Dear {{text}},\nhello', 'Dear Ada, hello'],
    'dollar patterns in a value are interpreted': ['x {{dollars}}', 'x a{{dollars}}b'],
    'a template ends at the first two braces': ['{{ {a: {b: 1}} }}', 'undefined }}'],
    'unbalanced braces are undefined': ['x }} {{', undefined],
    'one brace pair alone is text': ['x {{', 'x {{'],
  };
  for (const [sentence, [text, expected]] of Object.entries(cases)) {
    test(sentence, () => assert.deepEqual(fillIn(text, VALUES), expected));
  }

  const casesOfTwo = {
    'plain text loses its line breaks': ['a\nb', 'a b'],
    'one template alone gives its typed value': ['{{number}}', 0.7],
    'a list comes as a list': ['{{list}}', [1, 'two']],
    'other values enter a text as JavaScript text': [
      '{{object}} {{list}}',
      '[object Object] 1,two',
    ],
    'text around a template loses its line breaks': ['Dear {{text}},\nhello', 'Dear Ada, hello'],
    'unbalanced braces are text': ['x }} {{', 'x }} {{'],
  };
  for (const [sentence, [text, expected]] of Object.entries(casesOfTwo)) {
    test(`fills in for ToolJet 2: ${sentence}`, () =>
      assert.deepEqual(fillIn(text, VALUES, 2), expected));
  }

  test('fills in templates anywhere in an option', () => {
    assert.deepEqual(fillIn({ a: [['k', '{{number}}']], b: true }, VALUES), {
      a: [['k', 0.7]],
      b: true,
    });
  });
});
