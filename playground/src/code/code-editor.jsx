import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { Annotation, Compartment, EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  keymap,
  placeholder as placeholderText,
} from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { completeTemplates, highlightTemplates, isWritingTemplate } from './template-editing.js';

/** Marks a change from outside, so that it is not reported back. */
const FromOutside = Annotation.define();

const LANGUAGES = { javascript: [javascript(), bracketMatching()] };

/**
 * A field for code or text with templates. Tab leaves it, as it leaves any other field.
 * `shape` is one of those of ToolJet 2 (`line`, `editor`, `broken`), or `growing`: at least
 * `height`, and higher with more text. `onWriting` is told whether the cursor is inside a template.
 */
export function CodeEditor(props) {
  const { labelId, described, text, mode, shape = 'growing', height, placeholder } = props;
  const { onChange, onWriting, state } = props;
  const parent = useRef(null);
  const view = useRef(null);
  const attributes = useRef(new Compartment());
  const latest = useRef({});
  latest.current = { onChange, onWriting, state };

  useLayoutEffect(() => {
    const report = EditorView.updateListener.of(({ docChanged, transactions, state, view }) => {
      const isOurs = transactions.some((transaction) => transaction.annotation(FromOutside));
      if (docChanged && !isOurs) latest.current.onChange(state.doc.toString());
      latest.current.onWriting?.(isWritingTemplate(view));
    });
    view.current = new EditorView({
      parent: parent.current,
      state: EditorState.create({
        doc: text,
        extensions: [
          history(),
          drawSelection(),
          closeBrackets(),
          shape === 'line' ? [] : EditorView.lineWrapping,
          attributes.current.of(contentAttributes(labelId, described)),
          sized(shape, height),
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
          report,
        ],
      }),
    });
    return () => view.current.destroy();
  }, [labelId, shape, height, mode, placeholder]);

  // Not a plain effect, which would run late enough to undo what was typed in between.
  useLayoutEffect(() => {
    const { state } = view.current;
    if (state.doc.toString() === text) return;
    view.current.dispatch({
      changes: { from: 0, to: state.doc.length, insert: text },
      annotations: FromOutside.of(true),
    });
  }, [text]);

  useLayoutEffect(() => {
    view.current.dispatch({
      effects: attributes.current.reconfigure(contentAttributes(labelId, described)),
    });
  }, [labelId, JSON.stringify(described)]);

  return <div class={`code-editor code-editor-${shape}`} ref={parent} />;
}

const contentAttributes = (labelId, described) =>
  EditorView.contentAttributes.of({
    'aria-labelledby': labelId,
    spellcheck: 'false',
    tabindex: '0',
    ...described,
  });

/** Without the border of 2 px. */
const FIXED_HEIGHTS = { line: '30px', broken: '26px' };

function sized(shape, height) {
  const fixed = FIXED_HEIGHTS[shape];
  return EditorView.theme(
    fixed
      ? {
          '&': { height: fixed },
          '.cm-scroller': { overflow: 'hidden' },
          '.cm-content': { padding: '5px 0' },
        }
      : { '.cm-content': { minHeight: height } },
  );
}

/** Ctrl-Enter runs the query, wherever the cursor is. */
const leavesRunAlone = ({ key }) => key !== 'Mod-Enter';
