/** Every setting, by group: searched, folded, and those that are not as usual marked. */
import { useState } from 'react';
import { counted } from '../../../math/format.ts';
import { CONFIG_KEYS, type ConfigKey, FIELD_GROUPS, type Field, fieldOf } from '../../../protocol/config.ts';
import type { ModelSummary } from '../../../protocol/messages.ts';
import { hasWhatIsSet } from '../../../protocol/of-model.ts';
import { useStudioState } from '../../../store/react.ts';
import { editedFields } from '../../../store/settings.ts';
import { useFields } from '../../parts/use-words.ts';
import { PARAMETER_KEYS } from '../rewards/reward-list.ts';
import { RewardsPanel } from '../rewards/rewards-panel.tsx';
import { SettingField } from '../setting-field.tsx';
import { PresetChoice } from './preset-choice.tsx';
import { isFound } from './search.ts';
import { ShareSettings } from './share-settings.tsx';

/** What the panel of rewards has controls for. */
const IN_PANEL: readonly ConfigKey[] = ['rewards', 'rewardWeights', ...PARAMETER_KEYS];

/** Whether a setting has a control, and does anything with the model that is open. */
function applies(model: ModelSummary | undefined, key: ConfigKey): boolean {
  if (fieldOf(key).kind === 'structure') return false;
  if (!model) return true;
  return hasWhatIsSet(model, key) && (key !== 'question' || model.senses.length > 0);
}

interface Group {
  readonly group: Field['group'];
  readonly keys: readonly ConfigKey[];
  /** Whether the panel of rewards has any of what is looked for. */
  readonly panel: boolean;
}

export function AllSettings() {
  return (
    <details className="all-settings">
      <summary data-testid="all-settings">All settings</summary>
      <PresetChoice />
      <ShareSettings />
      <Groups />
    </details>
  );
}

function Groups() {
  const [search, setSearch] = useState('');
  const [onlyChanged, setOnlyChanged] = useState(false);
  const model = useStudioState((state) => state.model);
  const settings = useStudioState((state) => state.settings);
  const fieldBy = useFields();
  const changed = new Set(editedFields(settings).map(({ key }) => key));
  const there = CONFIG_KEYS.filter((key) => applies(model, key));
  const shown = there.filter(
    (key) => isFound(search, key, fieldBy(key)) && (!onlyChanged || changed.has(key)),
  );
  const groups = FIELD_GROUPS.map((group): Group => {
    const keys = shown.filter((key) => fieldOf(key).group === group);
    return {
      group,
      keys: keys.filter((key) => !IN_PANEL.includes(key)),
      panel: keys.some((key) => IN_PANEL.includes(key)),
    };
  }).filter(({ keys, panel }) => keys.length > 0 || panel);
  const isNarrow = search.trim() !== '' || onlyChanged;
  return (
    <>
      <search className="setting-search">
        <label>
          Find a setting{' '}
          <input
            type="search"
            data-testid="setting-search"
            placeholder="name, meaning or TRL's name"
            value={search}
            onChange={({ target }) => setSearch(target.value)}
          />
        </label>{' '}
        <label>
          <input
            type="checkbox"
            data-testid="only-changed"
            checked={onlyChanged}
            onChange={({ target }) => setOnlyChanged(target.checked)}
          />{' '}
          only what is changed ({changed.size})
        </label>{' '}
        <span className="muted number" role="status" data-testid="setting-count">
          {isNarrow && countLine(shown.length, there.length, search, onlyChanged)}
        </span>
      </search>
      {groups.map((each) => (
        <SettingGroup key={each.group} {...each} changed={changed} isOpen={isNarrow} />
      ))}
    </>
  );
}

function countLine(found: number, all: number, search: string, onlyChanged: boolean): string {
  if (found > 0) return `${found} of ${counted(all, 'setting')}`;
  const which = onlyChanged ? 'None that is changed' : 'None';
  return search.trim() === ''
    ? `None of ${counted(all, 'setting')} is changed.`
    : `${which} of ${counted(all, 'setting')} says “${search.trim()}”.`;
}

/** A group folds by its heading; what is looked for is never folded away. */
function SettingGroup({
  group,
  keys,
  panel,
  changed,
  isOpen,
}: Group & { changed: ReadonlySet<ConfigKey>; isOpen: boolean }) {
  const [folded, setFolded] = useState(false);
  const own = CONFIG_KEYS.filter((key) => fieldOf(key).group === group && changed.has(key)).length;
  return (
    <details
      className="setting-group"
      data-testid={`group-${group}`}
      open={isOpen || !folded}
      onToggle={({ currentTarget }) => {
        if (!isOpen) setFolded(!currentTarget.open);
      }}
    >
      <summary>
        {group} {own > 0 && <span className="muted">{own} changed</span>}
      </summary>
      {panel && <RewardsPanel />}
      <div className="settings">
        {keys.map((key) => (
          <SettingField key={key} field={key} brief={false} />
        ))}
      </div>
    </details>
  );
}
