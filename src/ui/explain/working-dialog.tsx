/** How a figure came about, on top of the page: Escape or Close ends it, and the focus goes back to the figure. */
import { useEffect, useId, useRef } from 'react';
import { formatMetric } from '../../math/format.ts';
import type { Line, Working } from '../../protocol/working/line.ts';
import type { Asked } from './asked.ts';
import { useStepFacts } from './step-facts.ts';
import { workingOf } from './workings.ts';

interface DialogProps {
  readonly asked: Asked;
  readonly close: () => void;
}

export default function WorkingDialog({ asked: { name, shown, of }, close }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const facts = useStepFacts(of.step);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does by key what a press beside it does.
    <dialog
      ref={dialog}
      className="working"
      aria-labelledby={title}
      data-testid="working"
      onClose={close}
      onClick={({ target }) => {
        if (target === dialog.current) dialog.current.close();
      }}
    >
      <div className="working-inside">
        <div className="panel-head">
          <h2 id={title}>
            {name} <span className="number">{shown}</span> <small className="muted">step {of.step}</small>
          </h2>
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
        {facts === undefined && <p className="muted">The step’s answers are being read…</p>}
        {typeof facts === 'string' && <p>{facts}</p>}
        {typeof facts === 'object' && <Lines {...workingOf(of, facts)} />}
      </div>
    </dialog>
  );
}

function Lines({ lines, follows = [], notes = [] }: Working) {
  return (
    <>
      {lines.length > 0 && (
        <ol className="working-lines" aria-label="How it came about">
          {lines.map((line) => (
            <WorkedLine key={line.what} line={line} />
          ))}
        </ol>
      )}
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {follows.length > 0 && (
        <>
          <h3>What follows from it</h3>
          <ol className="working-lines" aria-label="What follows from it">
            {follows.map((line) => (
              <WorkedLine key={line.what} line={line} />
            ))}
          </ol>
        </>
      )}
    </>
  );
}

function WorkedLine({ line: { what, formula, filled, value } }: { readonly line: Line }) {
  return (
    <li>
      <span>{what}</span>
      {formula !== undefined && <code className="muted">{formula}</code>}
      <code>
        {filled !== undefined && `${filled} `}
        <b>= {formatMetric(value, 6).replaceAll('-', '−')}</b>
      </code>
    </li>
  );
}
