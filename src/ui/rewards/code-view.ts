/**
 * CodeMirror over a person's file. It lives in a shadow root, where its styles are style sheets made by the script: the page's
 * policy allows no style element (why: D-188).
 */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { python } from '@codemirror/lang-python';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState, type Extension, Prec, type Text } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  hoverTooltip,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { COLOURS, LOOKS } from './code-looks.ts';
import type { ContractWord } from './contract-words.ts';
import type { Language } from './own-files.ts';

/** Something to say about a line of the file; lines and columns from 1. */
export interface CodeMark {
  readonly line: number;
  readonly column?: number | undefined;
  readonly message: string;
}

interface Options {
  /** Becomes the host of a shadow root. */
  readonly host: HTMLElement;
  readonly text: string;
  readonly language: Language;
  /** What the editor is called. */
  readonly label: string;
  /** Asked whenever something is completed or explained. */
  words(): readonly ContractWord[];
  onText(text: string): void;
}

export interface CodeView {
  /** Another text, where it is another one. */
  setText(text: string): void;
  setMarks(marks: readonly CodeMark[]): void;
  focus(): void;
  destroy(): void;
}

export function openCodeView(options: Options): CodeView {
  const root = options.host.shadowRoot ?? options.host.attachShadow({ mode: 'open' });
  const state = EditorState.create({ doc: options.text, extensions: extensionsOf(options) });
  const view = new EditorView({ state, root, parent: root });
  return {
    setText(text) {
      const { doc } = view.state;
      if (doc.toString() !== text) view.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
    },
    setMarks: (marks) => view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state.doc, marks))),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

function extensionsOf({ language, label, words, onText }: Options): Extension[] {
  // The same source each time that it is asked for: what it has begun is remembered by it.
  const data = [{ autocomplete: completing(language, words) }];
  return [
    Prec.highest(keymap.of([{ key: 'Escape', run: letTabLeave }])),
    ...[lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), drawSelection(), history()],
    ...[indentOnInput(), bracketMatching(), closeBrackets(), autocompletion({ icons: false }), lintGutter()],
    ...[EditorView.lineWrapping, LOOKS, syntaxHighlighting(COLOURS)],
    language === 'py' ? python() : javascript({ typescript: language === 'ts' }),
    indentUnit.of(language === 'py' ? '    ' : '  '),
    EditorState.languageData.of(() => data),
    hoverTooltip((view, at) => explained(view, at, words())),
    EditorView.contentAttributes.of({ 'aria-label': label, 'data-testid': 'code' }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) onText(update.state.doc.toString());
    }),
    keymap.of([
      ...[...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap],
      ...[...defaultKeymap, indentWithTab],
    ]),
  ];
}

/** Milliseconds after Escape in which Tab leaves the editor; else it indents. */
const TAB_LEAVES_MS = 5000;

/** Also where Escape closes a list of completions. */
function letTabLeave(view: EditorView): boolean {
  view.setTabFocusMode(TAB_LEAVES_MS);
  return false;
}

/** CodeMirror's highest. */
const MOST_BOOST = 99;

const ASSERT: readonly Completion[] = [
  {
    label: 'assert',
    type: 'function',
    detail: '(condition, message?)',
    info: 'Fails the test where the condition does not hold.',
  },
  {
    label: 'assert.equal',
    type: 'function',
    detail: '(found, expected)',
    info: 'Fails the test where the two differ as JSON.',
  },
];

function completing(language: Language, words: () => readonly ContractWord[]) {
  return (context: CompletionContext) => {
    const word = context.matchBefore(/[\w.]+/);
    if (!word && !context.explicit) return null;
    if (word && /\.\w*$/.test(word.text) && !word.text.startsWith('assert.')) return null;
    // As they stand in the list: what every reward reads comes first.
    const options = words().map(({ name, type, help }, at) => ({
      ...{ label: name, detail: type, info: help, boost: Math.max(0, MOST_BOOST - at) },
    }));
    return { from: word?.from ?? context.pos, options: [...options, ...(language === 'py' ? [] : ASSERT)] };
  };
}

/** What a name of the contract is, where the pointer rests on it. */
function explained(view: EditorView, at: number, words: readonly ContractWord[]) {
  const place = view.state.wordAt(at);
  const word = place && words.find(({ name }) => name === view.state.sliceDoc(place.from, place.to));
  if (!word) return null;
  return {
    pos: place.from,
    end: place.to,
    create() {
      const dom = document.createElement('div');
      const type = document.createElement('code');
      type.textContent = `${word.name}: ${word.type}`;
      dom.append(type, document.createElement('br'), word.help);
      return { dom };
    },
  };
}

function diagnosticsOf(text: Text, marks: readonly CodeMark[]): Diagnostic[] {
  return marks.map(({ line, column = 1, message }) => {
    // The text may have been shortened since.
    const { from, to } = text.line(Math.min(Math.max(line, 1), text.lines));
    return { from: Math.min(from + Math.max(column - 1, 0), to), to, severity: 'error', message };
  });
}
