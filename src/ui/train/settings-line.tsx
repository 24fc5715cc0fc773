/** Whose settings the form shows, which of them are the person's own, and the way back from either. */
import { useStudio, useStudioState } from '../../store/react.ts';
import { editedFields } from '../../store/settings.ts';
import { useFields } from '../parts/use-words.ts';

/** Labels named before the rest is counted. */
const MOST_NAMED = 4;

export function SettingsLine() {
  const studio = useStudio();
  const settings = useStudioState((state) => state.settings);
  const fieldBy = useFields();
  const hasModel = useStudioState(({ model }) => model !== undefined);
  if (!hasModel) return null;
  const { basis, before } = settings;
  const edited = editedFields(settings);
  return (
    <p className="muted settings-line" data-testid="settings-line" role="status">
      Settings for <strong>{basis.whose}</strong>: {basis.words}.{' '}
      {edited.length > 0 && (
        <>
          Yours:{' '}
          <span data-testid="own-settings">{namesOf(edited.map(({ key }) => fieldBy(key).label))}</span>.{' '}
          <button type="button" className="link" data-testid="reset-settings" onClick={studio.resetSettings}>
            Drop {edited.length === 1 ? 'it' : 'them'}
          </button>{' '}
        </>
      )}
      {before && (
        <button type="button" className="link" data-testid="undo-settings" onClick={studio.undoSettings}>
          Undo: the settings before
        </button>
      )}
    </p>
  );
}

function namesOf(labels: readonly string[]): string {
  const named = labels.slice(0, MOST_NAMED).join(', ');
  const rest = labels.length - MOST_NAMED;
  return rest > 0 ? `${named} and ${rest} more` : named;
}
