/** The editor of a file, as a part of the page; a file of its own takes a key of its own. */
import { useEffect, useRef } from 'react';
import { type CodeMark, type CodeView, openCodeView } from './code-view.ts';
import type { ContractWord } from './contract-words.ts';
import { takesFocus } from './open-file.ts';
import { fileName, type OwnFile } from './own-files.ts';

interface AreaProps {
  file: OwnFile;
  words: readonly ContractWord[];
  marks: readonly CodeMark[];
  onText: (text: string) => void;
}

export function CodeArea({ file, words, marks, onText }: AreaProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<CodeView>(undefined);
  const latest = useRef({ file, words, onText });
  latest.current = { file, words, onText };
  useEffect(() => {
    const { text, language } = latest.current.file;
    const opened = openCodeView({
      host: host.current!,
      ...{ text, language, label: `Program ${fileName(latest.current.file)}` },
      words: () => latest.current.words,
      onText: (next) => latest.current.onText(next),
    });
    view.current = opened;
    if (takesFocus('program')) opened.focus();
    return () => opened.destroy();
  }, []);
  useEffect(() => view.current?.setText(file.text), [file.text]);
  useEffect(() => view.current?.setMarks(marks), [marks]);
  return <div className="code-area" ref={host} />;
}
