/** The way through the work, the runs that are kept, and the device's bench: stops, each with what is ready, missing or running. */
import { useStudioState } from '../../store/react.ts';
import { SCREEN_IDS, type ScreenId } from '../address.ts';
import type { Stop } from '../screen.ts';
import { SCREENS } from '../screen-list.ts';

const MARKS: Record<Stop['mark'], string> = { done: '✓', active: '●', open: '○' };

export function Rail({ screen }: { screen: ScreenId }) {
  return (
    <nav className="rail" aria-label="Screens">
      <ol>
        {SCREEN_IDS.map((id, index) => (
          <li key={id}>
            <RailStop id={id} number={index + 1} current={id === screen} />
          </li>
        ))}
      </ol>
      <p className="rail-keys muted">
        <kbd>1</kbd>–<kbd>{SCREEN_IDS.length}</kbd> screens
        <br />
        <kbd>space</kbd> pause
        <br />
        <kbd>.</kbd> one step
        <br />
        <kbd>?</kbd> all keys
      </p>
    </nav>
  );
}

function RailStop({ id, number, current }: { id: ScreenId; number: number; current: boolean }) {
  const { label, stop } = SCREENS[id];
  const mark = useStudioState((state) => stop(state).mark);
  const note = useStudioState((state) => stop(state).note);
  return (
    <a
      href={`#/${id}`}
      className={`rail-stop ${mark}`}
      aria-current={current ? 'page' : undefined}
      title={`${label} (${number})`}
    >
      <span className="rail-mark" aria-hidden="true">
        {MARKS[mark]}
      </span>
      <span className="rail-label">{label}</span>
      <span className="rail-note">{note}</span>
    </a>
  );
}
