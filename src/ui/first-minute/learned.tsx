/** A clip that the model had wrong, beside its right answer since: to be seen, heard and read. */
import { useMemo } from 'react';
import type { RecordedRun } from '../../protocol/recorded-run.ts';
import { type Contrast, NO_CONTRASTS, type ToldAnswer, withAnswers } from '../../store/contrast.ts';
import { exampleOf } from '../../store/examples.ts';
import { useStudioState } from '../../store/react.ts';
import { recordedOf } from '../../store/recorded.ts';
import { DemoClip } from './demo-clip.tsx';

export function Learned() {
  const contrast = useStudioState(({ contrasts }) => contrasts.shown);
  return contrast ? <Pair contrast={contrast} /> : null;
}

/** The same of a recorded run, by the answers that were kept of it. */
export function RecordedContrast({ run }: { run: RecordedRun }) {
  const contrast = useMemo(
    () =>
      run.rollouts.reduce((known, { step, groups }) => withAnswers(known, step, groups), NO_CONTRASTS).shown,
    [run],
  );
  return contrast ? <Pair contrast={contrast} /> : null;
}

function Pair({ contrast: { exampleId, label, before, now } }: { contrast: Contrast }) {
  const isDemo = useStudioState((state) => recordedOf(state) !== undefined);
  const name = useStudioState(({ data }) => exampleOf(data, exampleId)?.path ?? exampleId);
  return (
    <div className="learned" data-testid="learned">
      {isDemo && <DemoClip exampleId={exampleId} />}
      <dl>
        <div>
          <dt className="muted">{isDemo ? 'this clip shows' : name}</dt>
          <dd>
            <bdi>{label}</bdi>
          </dd>
        </div>
        <Told told={before} isRight={false} />
        <Told told={now} isRight />
      </dl>
    </div>
  );
}

function Told({ told: { step, text, answer }, isRight }: { told: ToldAnswer; isRight: boolean }) {
  return (
    <div>
      <dt className="muted number">step {step}</dt>
      <dd title={text}>
        <span className={isRight ? 'right-mark' : 'wrong-mark'}>{isRight ? '✓ right' : '✗ wrong'}</span>{' '}
        <bdi>{answer ?? 'nothing that could be read'}</bdi>
      </dd>
    </div>
  );
}
