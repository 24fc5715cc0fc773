/** A figure that opens its own working: a button that looks like the number it is. */
import { createContext, lazy, type ReactNode, Suspense, use, useState } from 'react';
import type { Asked, FigureOf } from './asked.ts';
import './explain.css';

const WorkingDialog = lazy(() => import('./working-dialog.tsx'));

const Ask = createContext<(asked: Asked) => void>(() => undefined);

/** Everything inside can be asked for; one dialog shows it. */
export function Explained({ children }: { readonly children: ReactNode }) {
  const [asked, ask] = useState<Asked>();
  return (
    <Ask value={ask}>
      {children}
      {asked && (
        <Suspense fallback={null}>
          <WorkingDialog asked={asked} close={() => ask(undefined)} />
        </Suspense>
      )}
    </Ask>
  );
}

interface FigureProps {
  /** What it is called, for whoever does not see where it stands. */
  readonly name: string;
  readonly of: FigureOf;
  /** The number as it stands there. */
  readonly children: string;
  readonly tabIndex?: number | undefined;
}

export function Figure({ name, of, children: shown, tabIndex }: FigureProps) {
  const ask = use(Ask);
  return (
    <button
      type="button"
      className="figure"
      aria-haspopup="dialog"
      aria-label={`${name} ${shown}, how it came about`}
      tabIndex={tabIndex}
      onClick={(event) => {
        // What it stands in may be pressed, too.
        event.stopPropagation();
        // Not every browser gives a pressed button the focus, which the dialog hands back at its end.
        event.currentTarget.focus();
        ask({ name, of, shown });
      }}
    >
      {shown}
    </button>
  );
}
