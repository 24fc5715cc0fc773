/**
 * What stands above the charts, always in the same room so that nothing moves: the recorded run before there is another, the
 * way to the first step, the answer being written beside what was learned, and at the end what to do next.
 */
import { useStudioState } from '../../store/react.ts';
import { recordedOf, standIn } from '../../store/recorded.ts';
import { isActive } from '../../store/run-state.ts';
import { isGettingReady } from '../../store/stages.ts';
import type { StudioState } from '../../store/state.ts';
import { Learned } from './learned.tsx';
import { LiveAnswer } from './live-answer.tsx';
import { NextActs } from './next-acts.tsx';
import { RecordedNotice } from './recorded-notice.tsx';
import { StagesLine } from './stages-line.tsx';

type Kind = 'recorded' | 'getting ready' | 'running' | 'ended' | 'nothing';

function kindOf(state: StudioState): Kind {
  if (standIn(state)) return 'recorded';
  if (isGettingReady(state)) return 'getting ready';
  if (isActive(state.run.state)) return 'running';
  return state.steps.length > 0 ? 'ended' : 'nothing';
}

export function NowBox() {
  const kind = useStudioState(kindOf);
  const isDemo = useStudioState((state) => recordedOf(state) !== undefined);
  if (kind === 'nothing' && !isDemo) return null;
  return (
    <section className="now-box" aria-label="Now" data-kind={kind}>
      {kind === 'recorded' && <RecordedNotice />}
      {kind === 'getting ready' && <StagesLine />}
      {(kind === 'getting ready' || kind === 'running') && <LiveAnswer />}
      {(kind === 'running' || kind === 'ended') && <Learned />}
      {kind === 'ended' && isDemo && <NextActs />}
    </section>
  );
}
