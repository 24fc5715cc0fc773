/** From a point of a chart to the answers of its step: by a click, and by Enter in a chart that has the focus. */
import type { KeyboardEvent, MouseEvent } from 'react';
import { useStudio } from '../../store/react.ts';
import { goTo } from '../address.ts';

/** Both are listened to on the way down: recharts would take Enter for itself, and hide the tip. */
export interface OpensAnswers {
  onClickCapture(event: MouseEvent): void;
  onKeyDownCapture(event: KeyboardEvent): void;
}

/** For what holds a chart whose tip says its step in `data-step`. */
export function useOpenAnswers(): OpensAnswers {
  const { store } = useStudio();
  const open = (chart: Element) =>
    afterTip(() => {
      const step = chart.querySelector<HTMLElement>('.tip')?.dataset.step;
      if (step !== undefined && store.getState().rollouts.has(Number(step))) goTo('rollouts', { step });
    });
  return {
    onClickCapture: ({ currentTarget }) => open(currentTarget),
    onKeyDownCapture(event) {
      if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.altKey) return;
      event.stopPropagation();
      open(event.currentTarget);
    },
  };
}

/** The tip follows pointer and arrow keys with the next frame, and is drawn by the one after it. */
function afterTip(act: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(act));
}
