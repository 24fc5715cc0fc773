/** While a run rests, a program of the person's own that was changed since can take the place of the one that it runs. */
import type { RewardSource } from '../../rewards/contract.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { Problems } from '../shell/notices.tsx';

export function MendRewards() {
  const studio = useStudio();
  const drafted = useStudioState(({ draft }) => draft.rewardSources);
  const running = useStudioState((state) => state.running?.rewardSources);
  const rests = useStudioState(({ run }) => run.state === 'paused');
  if (!rests || !running || !Array.isArray(drafted)) return null;
  const changed = (drafted as readonly RewardSource[]).filter(({ name, hash }) =>
    running.some((source) => source.name === name && source.hash !== hash),
  );
  return (
    <>
      {changed.map((source) => (
        <p key={source.name} className="muted">
          The program of {source.name} has changed.{' '}
          <button
            type="button"
            data-testid={`mend-${source.name}`}
            onClick={() => void studio.ask('mendReward', { source }).catch(() => undefined)}
          >
            Go on with it in this run
          </button>
        </p>
      ))}
      <Problems commands={['mendReward']} />
    </>
  );
}
