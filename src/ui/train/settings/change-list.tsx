/** Changes of settings before they are made: what each is and would be, and which of them to leave out. */
import type { ConfigKey } from '../../../protocol/config.ts';
import type { SettingChange } from '../../../store/settings.ts';
import { useFields } from '../../parts/use-words.ts';
import { valueText } from './setting-value.ts';

interface ChangeListProps {
  changes: readonly SettingChange[];
  /** Those that are to stay as they are. */
  except: ReadonlySet<ConfigKey>;
  onExcept: (except: ReadonlySet<ConfigKey>) => void;
  testId: string;
}

export function ChangeList({ changes, except, onExcept, testId }: ChangeListProps) {
  const fieldBy = useFields();
  const toggle = (key: ConfigKey, taken: boolean) => {
    const left = new Set(except);
    if (taken) left.delete(key);
    else left.add(key);
    onExcept(left);
  };
  return (
    <ul className="change-list" data-testid={testId}>
      {changes.map(({ key, from, to }) => {
        const field = fieldBy(key);
        return (
          <li key={key}>
            <label>
              <input
                type="checkbox"
                data-testid={`change-${key}`}
                checked={!except.has(key)}
                onChange={({ target }) => toggle(key, target.checked)}
              />{' '}
              {field.label}: <span className="muted">{valueText(field, from)} →</span>{' '}
              <b>{valueText(field, to)}</b>
            </label>
          </li>
        );
      })}
    </ul>
  );
}
