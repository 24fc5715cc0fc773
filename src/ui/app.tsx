/** The frame around the screens: header, rail, the progress and errors that belong to no screen, and one screen. */
// What screens share comes first: a screen's own rules may differ from it.
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/screens.css';
import './styles/tables.css';
import { useEffect, useRef } from 'react';
import { StudioContext } from '../store/react.ts';
import type { Studio } from '../store/studio.ts';
import { useScreen } from './address.ts';
import { DropAnywhere } from './data/drop-anywhere.tsx';
import { Explained } from './explain/figure.tsx';
import { SCREENS } from './screen-list.ts';
import { ScreenFrame } from './screens.tsx';
import { Header } from './shell/header.tsx';
import { useKeys } from './shell/keys.ts';
import { DeviceNotice, Problems, ProgressLine, UnsavedNotice } from './shell/notices.tsx';
import { OtherTabs } from './shell/other-tabs.tsx';
import { Rail } from './shell/rail.tsx';
import { useRunEffects } from './shell/run-effects.ts';
import { UpdateNotice } from './shell/update-notice.tsx';

export function App({ studio }: { studio: Studio }) {
  return (
    <StudioContext value={studio}>
      <Explained>
        <Shell />
      </Explained>
    </StudioContext>
  );
}

function Shell() {
  const screen = useScreen();
  const heading = useRef<HTMLHeadingElement>(null);
  const seen = useRef(screen);
  useKeys();
  useRunEffects();
  useEffect(() => {
    // The first screen of a visit keeps the focus where the browser put it.
    if (seen.current === screen) return;
    seen.current = screen;
    // To the top by hand: the browser takes a heading below the fixed header for one in view.
    heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [screen]);
  return (
    <DropAnywhere>
      <div className="shell">
        <Header />
        <Rail screen={screen} />
        <main className="screen" data-screen={screen}>
          <h1 ref={heading} tabIndex={-1}>
            {SCREENS[screen].label}
          </h1>
          <DeviceNotice />
          <UpdateNotice />
          <OtherTabs />
          <UnsavedNotice />
          <ProgressLine screen={screen} />
          <Problems commands={undefined} />
          <ScreenFrame key={screen} id={screen} />
        </main>
      </div>
    </DropAnywhere>
  );
}
