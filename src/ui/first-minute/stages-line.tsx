/** What happens between Start and the first step: each stage with its count, and a way to leave it. */
import { type RefObject, useLayoutEffect, useRef } from 'react';
import { formatBytes } from '../../math/format.ts';
import type { StageName } from '../../protocol/stages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import type { StageCount, Stages } from '../../store/stages.ts';
import { useWords } from '../parts/use-words.ts';

type Mark = 'done' | 'active' | 'open';

interface Row {
  readonly label: string;
  readonly count?: StageCount | undefined;
  readonly mark: Mark;
}

const SHOWN: readonly { readonly label: string; readonly names: readonly StageName[] }[] = [
  { label: 'model', names: ['model'] },
  { label: 'kernels', names: ['kernels'] },
  { label: 'clips', names: ['towers', 'clips'] },
];

/** The stages with how far each is: one before another that has begun is done. Pure. */
function rowsOf(stages: Stages, isRunning: boolean): Row[] {
  const begun = SHOWN.findLastIndex(({ names }) => names.some((name) => stages[name]));
  const rows = SHOWN.map(({ label, names }, at): Row => {
    const count = names.map((name) => stages[name]).findLast((known) => known !== undefined);
    const mark = isRunning || at < begun ? 'done' : at === Math.max(begun, 0) ? 'active' : 'open';
    return { label, count: names.at(-1) === 'clips' && !stages.clips ? undefined : count, mark };
  });
  return [...rows, { label: 'first answers', mark: isRunning ? 'active' : 'open' }];
}

export function StagesLine() {
  const studio = useStudio();
  const stages = useStudioState((state) => state.stages);
  const isRunning = useStudioState(({ run }) => run.state !== 'loading');
  const rows = rowsOf(stages, isRunning);
  const words = useWords();
  const cancel = useFocusOfStart();
  return (
    <>
      <div className="now-head">
        <ol className="stages" data-testid="stages">
          {rows.map(({ label, count, mark }, at) => (
            <li key={label} data-mark={mark} aria-current={mark === 'active' ? 'step' : undefined}>
              <span className="stage-mark" aria-hidden="true">
                {mark === 'done' ? '✓' : at + 1}
              </span>
              {words(label)} <span className="sr-only">{mark === 'open' ? 'to come' : mark}</span>{' '}
              <span className="number muted">{count && countOf(label, count)}</span>
            </li>
          ))}
        </ol>
        <button ref={cancel} type="button" data-testid="cancel" onClick={() => studio.tell('stop')}>
          Cancel
        </button>
      </div>
      <p className="muted">
        {words(
          'The model is loaded, its kernels are compiled for this GPU, and the clips of the first step are made ready; those of later steps follow while it trains. Then the model writes its first answers, here.',
        )}
      </p>
    </>
  );
}

/** The button that began the run is gone: its focus is on Cancel, and then on what the header offers. */
function useFocusOfStart(): RefObject<HTMLButtonElement | null> {
  const cancel = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const button = cancel.current;
    if (document.activeElement === document.body) button?.focus();
    return () => {
      const header = document.querySelector<HTMLElement>('.run-buttons button:enabled');
      if (document.activeElement === button) header?.focus();
    };
  }, []);
  return cancel;
}

function countOf(label: string, { done, total }: StageCount): string {
  return label === 'model' ? formatBytes(done) : `${done}/${total}`;
}
