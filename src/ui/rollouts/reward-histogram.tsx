/** How often the answers that are shown earned what: bars that filter the table when they are pressed. */
import { useState } from 'react';
import { counted } from '../../math/format.ts';
import { histogram } from '../../math/histogram.ts';
import { useFocusHandover } from '../parts/use-focus-handover.ts';
import { useRoving } from '../parts/use-roving.ts';
import { useKey } from '../shell/keys.ts';
import { earned, isSameBin, type RewardBin, type RolloutRow, rangeOf, TOTAL } from './rows.ts';

interface HistogramProps {
  /** Those that pass every filter but that of a bar. */
  readonly rows: readonly RolloutRow[];
  readonly rewards: readonly string[];
  readonly bin: RewardBin | undefined;
  readonly choose: (bin: RewardBin | undefined) => void;
}

export function RewardHistogram({ rows, rewards, bin, choose }: HistogramProps) {
  const [chosen, setReward] = useState(bin?.reward ?? TOTAL);
  const reward = chosen === TOTAL || rewards.includes(chosen) ? chosen : TOTAL;
  const values = rows.map(({ completion }) => earned(completion, reward));
  const bins = histogram(values.map((value) => value ?? Number.NaN));
  const outside = values.length - bins.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(...bins.map(({ count }) => count));
  const { list, at, setAt, onKeyDown, go } = useRoving<HTMLDivElement>(bins.length, undefined, {
    mark: 'data-bin',
    across: true,
  });
  useKey(['h'], () => go(at));
  return (
    <section className="histogram" aria-label="How often answers earned what" data-testid="histogram">
      <label>
        answers by{' '}
        <select value={reward} onChange={({ target }) => setReward(target.value)}>
          {[TOTAL, ...rewards].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields. */}
      <div className="bins" role="group" aria-label={`Answers by ${reward}`} ref={list} onKeyDown={onKeyDown}>
        {bins.map(({ count, ...bounds }, place) => {
          const own = { reward, ...bounds };
          const isPressed = bin !== undefined && isSameBin(bin, own);
          return (
            <button
              key={bounds.low}
              type="button"
              className="bin"
              data-bin={place}
              tabIndex={place === at ? 0 : -1}
              aria-pressed={isPressed}
              aria-label={`${reward} ${rangeOf(own)}: ${counted(count, 'answer')}`}
              onClick={() => {
                setAt(place);
                choose(isPressed ? undefined : own);
              }}
            >
              <span className="bin-count number">{count}</span>
              <span className="bin-bar" style={{ blockSize: `${(40 * count) / most}px` }} />
              <span className="bin-range number">{rangeOf(own)}</span>
            </button>
          );
        })}
      </div>
      {outside > 0 && <p className="muted">{counted(outside, 'answer')} without a number of it</p>}
    </section>
  );
}

/** Says which bar the table is filtered by, and takes that away. */
export function BinChip({ bin, clear }: { readonly bin: RewardBin; readonly clear: () => void }) {
  const place = useFocusHandover<HTMLButtonElement>();
  return (
    <button
      ref={place}
      type="button"
      className="chip"
      data-testid="bin-chip"
      title="Show all"
      onClick={clear}
    >
      {bin.reward} {rangeOf(bin)} <span aria-hidden="true">✕</span>
      <span className="sr-only">, show all</span>
    </button>
  );
}
