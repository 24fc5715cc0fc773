/** Each screen is a bundle of its own, fetched when it is first shown. One that cannot be fetched is asked for again. */
import { Component, type ComponentType, lazy, Suspense } from 'react';
import type { ScreenId } from './address.ts';
import { SCREENS } from './screen-list.ts';

/** A lazy component keeps its failure: to try again takes a new one. */
const screens = new Map<ScreenId, ComponentType>();

function screenOf(id: ScreenId): ComponentType {
  const screen = screens.get(id) ?? lazy(SCREENS[id].load);
  screens.set(id, screen);
  return screen;
}

/** The screen's content. What breaks in it, or on the way to it, stays inside: header, rail and the run go on. */
export class ScreenFrame extends Component<{ id: ScreenId }, { error?: Error | undefined; tries: number }> {
  override state: { error?: Error | undefined; tries: number } = { tries: 0 };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  /** The next visit asks anew, too. */
  override componentDidCatch() {
    screens.delete(this.props.id);
  }

  #tryAgain = () => this.setState(({ tries }) => ({ error: undefined, tries: tries + 1 }));

  override render() {
    const { id } = this.props;
    const { error, tries } = this.state;
    if (error) return <Broken id={id} error={error} isStubborn={tries > 0} tryAgain={this.#tryAgain} />;
    const Screen = screenOf(id);
    return (
      <Suspense fallback={<p className="muted">Opening…</p>}>
        <Screen />
      </Suspense>
    );
  }
}

interface BrokenProps {
  id: ScreenId;
  error: Error;
  /** It did not help to try again. */
  isStubborn: boolean;
  tryAgain: () => void;
}

function Broken({ id, error, isStubborn, tryAgain }: BrokenProps) {
  return (
    <div className="notice danger" role="alert" data-testid="screen-broken">
      <p>
        <strong>The {SCREENS[id].label} screen could not be shown.</strong> {error.message}
      </p>
      <p>
        A run under way goes on; the other screens work.{' '}
        {isStubborn
          ? 'Is the server of this page still there? Start it again and reload the page; a run then goes on from its last checkpoint.'
          : 'Often it is the connection to the server of this page.'}
      </p>
      <p className="buttons">
        <button type="button" className="primary" onClick={tryAgain}>
          Try again
        </button>
        {isStubborn && (
          <button type="button" onClick={() => location.reload()}>
            Reload the page
          </button>
        )}
      </p>
    </div>
  );
}
