/** Where the editor stands: it is fetched when it is first opened. */
import { lazy, Suspense } from 'react';
import type { EditorProps } from './reward-editor.tsx';

const RewardEditor = lazy(() => import('./reward-editor.tsx'));

export function EditorPlace(props: EditorProps) {
  return (
    <Suspense fallback={<p className="muted">Opening the editor…</p>}>
      <RewardEditor {...props} />
    </Suspense>
  );
}
