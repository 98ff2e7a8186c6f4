import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { Annotation, EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  keymap,
  placeholder as placeholderText,
} from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { completeTemplates, highlightTemplates } from './template-editing.js';

/** Marks a change that came from outside, so that it is not reported back. */
const FromOutside = Annotation.define();

const LANGUAGES = { javascript: [javascript(), bracketMatching()] };

/** A field for code or text with templates. Tab leaves it, as it leaves any other field. */
export function CodeEditor({ labelId, text, mode, minHeight, placeholder, onChange, state }) {
  const parent = useRef(null);
  const view = useRef(null);
  const latest = useRef({});
  latest.current = { onChange, state };

  useLayoutEffect(() => {
    const reportChange = EditorView.updateListener.of(({ docChanged, transactions, state }) => {
      const isOurs = transactions.some((transaction) => transaction.annotation(FromOutside));
      if (docChanged && !isOurs) latest.current.onChange(state.doc.toString());
    });
    view.current = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          history(),
          drawSelection(),
          closeBrackets(),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({
            'aria-labelledby': labelId,
            spellcheck: 'false',
            tabindex: '0',
          }),
          EditorView.theme({ '.cm-content': { minHeight } }),
          syntaxHighlighting(classHighlighter),
          LANGUAGES[mode] ?? [],
          highlightTemplates,
          autocompletion({
            override: [completeTemplates(() => latest.current.state)],
            icons: false,
          }),
          placeholderText(placeholder ?? ''),
          keymap.of([
            ...completionKeymap,
            ...defaultKeymap.filter(leavesRunAlone),
            ...historyKeymap,
          ]),
          reportChange,
        ],
      }),
    });
    return () => view.current.destroy();
  }, [labelId, minHeight, mode, placeholder]);

  // Not a plain effect, which comes late enough to undo what was typed in between.
  useLayoutEffect(() => {
    const { state } = view.current;
    if (state.doc.toString() === text) return;
    view.current.dispatch({
      changes: { from: 0, to: state.doc.length, insert: text },
      annotations: FromOutside.of(true),
    });
  }, [text]);

  return <div class="code-editor" ref={parent} />;
}

/** Ctrl-Enter runs the query, wherever the cursor is. */
const leavesRunAlone = ({ key }) => key !== 'Mod-Enter';
