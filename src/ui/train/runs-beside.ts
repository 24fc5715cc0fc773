/** The runs that charts draw beside the open one, as they draw them, and what the settings of all of them are. */
import { useEffect, useMemo } from 'react';
import { followKept, useComparedRuns } from '../../store/compared-runs.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { colourOf } from '../../store/run-styles.ts';
import { type ChartAxis, placesOn } from './axes.ts';
import type { ConfiguredRun } from './run-differences.tsx';
import type { DrawnRun } from './run-lines.ts';

export function useRunsBeside(axis: ChartAxis) {
  const { ask } = useStudio();
  const stored = useStudioState((state) => state.stored);
  const open = useStudioState((state) => state.saved);
  const config = useStudioState(({ running }) => running);
  const model = useStudioState((state) => state.model?.name);
  const data = useStudioState((state) => state.data?.name);
  const compared = useComparedRuns();
  useEffect(() => followKept(ask, stored, open?.id), [ask, stored, open?.id]);
  return useMemo(() => {
    const runs = compared.filter(({ id }) => id !== open?.id);
    const others = runs.flatMap(({ id, name, style, isHidden, read }, index): DrawnRun | [] => {
      if (isHidden || !read) return [];
      const { steps, times } = read;
      return { id, name, style, slot: index + 1, steps, places: placesOn(axis, steps, times) };
    });
    const own = config
      ? [{ id: 'open', name: open?.name ?? 'the open run', config, model: model ?? '', data: data ?? '' }]
      : [];
    const configured: ConfiguredRun[] = [
      ...own,
      ...runs.flatMap(({ id, name, read }) => (read ? { id, name, ...read } : [])),
    ];
    const colour =
      open && others.length > 0
        ? colourOf(
            open.id,
            others.map(({ style }) => style),
          )
        : undefined;
    // The colour that the open run has wherever it is drawn beside others.
    const stroke = colour === undefined ? undefined : `var(--run-${colour})`;
    return { runs, others, configured, stroke };
  }, [axis, compared, open, config, model, data]);
}
