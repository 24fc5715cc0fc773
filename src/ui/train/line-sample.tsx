import type { RunStyle } from '../../store/run-styles.ts';

/** A piece of a run's line, as its curves are drawn. */
export function LineSample({ style }: { style: RunStyle }) {
  return (
    <svg className="line-sample" width="28" height="8" viewBox="0 0 28 8" aria-hidden="true">
      <path d="M1 4h26" stroke={`var(--run-${style.colour})`} strokeDasharray={style.dash} />
    </svg>
  );
}
