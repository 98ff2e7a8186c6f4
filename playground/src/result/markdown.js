// A model's Markdown is untrusted: no scripts, styles or forms, and nothing is loaded.

import DOMPurify from 'dompurify';
import { marked } from 'marked';
import { describeHost } from './images.js';

/** Longer text is shown only as plain text. */
const MAX_CHARACTERS = 100_000;

const PLAIN_TOKENS = ['paragraph', 'text', 'space', 'br', 'escape', 'html'];

/** Whether a text looks different when rendered. */
export function hasMarkdown(text) {
  if (text.length > MAX_CHARACTERS) return false;
  let found = false;
  marked.walkTokens(marked.lexer(text), ({ type }) => {
    found ||= !PLAIN_TOKENS.includes(type);
  });
  return found;
}

const ALLOWED = {
  ALLOWED_TAGS: [
    ...['a', 'blockquote', 'br', 'code', 'del', 'em', 'hr', 'img', 'li', 'ol', 'p', 'pre'],
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'strong', 'ul'],
    ...['table', 'tbody', 'td', 'th', 'thead', 'tr'],
  ],
  ALLOWED_ATTR: ['align', 'alt', 'href', 'src', 'start', 'title'],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(https?|mailto):/i,
  RETURN_DOM_FRAGMENT: true,
};

/** The nodes of a rendered text; its images wait for a click. */
export function renderMarkdown(text) {
  // DOMPurify works in a separate document, in which nothing is loaded.
  const nodes = DOMPurify.sanitize(marked.parse(text), ALLOWED);
  for (const link of nodes.querySelectorAll('a')) {
    Object.assign(link, { target: '_blank', rel: 'noopener noreferrer' });
  }
  for (const image of nodes.querySelectorAll('img')) {
    if (!image.getAttribute('src')?.startsWith('data:')) image.replaceWith(loadButton(image));
  }
  return nodes;
}

function loadButton(image) {
  const button = document.createElement('button');
  Object.assign(button, {
    type: 'button',
    className: 'small-button',
    textContent: `Load image from ${describeHost(image.src)}${image.alt && `: ${image.alt}`}`,
  });
  button.addEventListener('click', () => button.replaceWith(document.adoptNode(image)));
  return button;
}
