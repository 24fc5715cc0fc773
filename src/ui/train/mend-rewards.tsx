/** While a run rests, a program of the person's own that was changed since can take the place of the one that it runs. */
import type { RewardSource } from '../../rewards/contract.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { useFocusHandover } from '../parts/use-focus-handover.ts';
import { changedSince } from '../rewards/own-files.ts';
import { Problems } from '../shell/notices.tsx';

export function MendRewards() {
  const drafted = useStudioState(({ draft }) => draft.rewardSources);
  const running = useStudioState((state) => state.running?.rewardSources);
  const rests = useStudioState(({ run }) => run.state === 'paused');
  if (!rests || !running || !Array.isArray(drafted)) return null;
  const changed = changedSince(drafted as readonly RewardSource[], running);
  return (
    <>
      {changed.map((source) => (
        <Mend key={source.name} source={source} />
      ))}
      <Problems commands={['mendReward']} />
    </>
  );
}

function Mend({ source }: { source: RewardSource }) {
  const studio = useStudio();
  const place = useFocusHandover<HTMLParagraphElement>();
  return (
    <p ref={place} className="muted">
      The program of {source.name} has changed.{' '}
      <button
        type="button"
        data-testid={`mend-${source.name}`}
        onClick={() => fire(studio.ask('mendReward', { source }))}
      >
        Go on with it in this run
      </button>
    </p>
  );
}
