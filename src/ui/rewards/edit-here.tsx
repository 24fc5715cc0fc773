/** Own rewards edited beside answers that they can be tried on. */
import { useStudioState } from '../../store/react.ts';
import { sourcesIn } from '../../store/reward-choice.ts';
import { EditorPlace } from './editor-place.tsx';
import { NewReward } from './new-reward.tsx';
import { openInUse, useOpenFile } from './open-file.ts';
import { filesInUse } from './own-files.ts';
import type { EditorProps } from './reward-editor.tsx';

export function EditHere({ onTry }: { onTry: NonNullable<EditorProps['onTry']> }) {
  const open = useOpenFile();
  const sources = useStudioState(({ draft }) => draft.rewardSources);
  if (open) return <EditorPlace open={open} onTry={onTry} />;
  return (
    <div className="toolbar">
      <NewReward />
      {filesInUse(sourcesIn({ rewardSources: sources })).map((file) => {
        const names = file.rewards.join(', ');
        return (
          <button key={names} type="button" data-testid="edit-here" onClick={() => openInUse(file)}>
            Edit {names}
          </button>
        );
      })}
    </div>
  );
}
