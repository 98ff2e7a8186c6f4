import { useLayoutEffect, useRef } from 'preact/hooks';
import { renderMarkdown } from './markdown.js';

export function MarkdownView({ text }) {
  const element = useRef(null);
  useLayoutEffect(() => element.current.replaceChildren(renderMarkdown(text)), [text]);
  return <div class="text-value markdown" ref={element} />;
}
