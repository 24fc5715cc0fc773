/** The settings in which the runs that are drawn differ, and no others. */
import {
  CONFIG_KEYS,
  type Config,
  type ConfigKey,
  defaultConfig,
  diffConfig,
} from '../../protocol/config.ts';
import { useFields } from '../parts/use-words.ts';
import { valueWords } from '../runs/differences.ts';

export interface ConfiguredRun {
  readonly id: string;
  readonly name: string;
  readonly config: Config;
  readonly model: string;
  readonly data: string;
}

/** Keys whose values are not the same in all runs. */
export function differingKeys(runs: readonly Pick<ConfiguredRun, 'config'>[]): ConfigKey[] {
  const [first, ...rest] = runs;
  const found = new Set(
    rest.flatMap(({ config }) => diffConfig(first!.config, config).map(({ key }) => key)),
  );
  return CONFIG_KEYS.filter((key) => found.has(key));
}

/** A value in words; programs of rewards with the beginning of their hashes, since one of the same name may say something else. */
export function settingWords(config: Config, key: ConfigKey): string {
  if (key !== 'rewardSources') return valueWords(config[key]);
  const sources = config.rewardSources.map(({ name, hash }) => `${name} ${hash.slice(0, 8)}`);
  return sources.join(', ') || 'none';
}

const DEFAULTS = defaultConfig();

export function RunDifferences({ runs }: { runs: readonly ConfiguredRun[] }) {
  const fieldBy = useFields();
  if (runs.length < 2) return null;
  const keys = differingKeys(runs);
  const named = (['model', 'data'] as const).filter((what) =>
    runs.some((run) => run[what] !== runs[0]![what]),
  );
  const count = keys.length + named.length;
  const isDefault = (config: Config, key: ConfigKey) =>
    diffConfig(DEFAULTS, config).every((each) => each.key !== key);
  return (
    <details className="run-differences" data-testid="run-differences">
      <summary>{count === 0 ? 'The same settings' : `Settings that differ (${count})`}</summary>
      {count > 0 && (
        <div className="chart-table">
          <table>
            <caption className="sr-only">Settings in which these runs differ</caption>
            <thead>
              <tr>
                <th scope="col">setting</th>
                {runs.map(({ id, name }) => (
                  <th key={id} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {named.map((what) => (
                <tr key={what} data-setting={what}>
                  <th scope="row">{what}</th>
                  {runs.map((run) => (
                    <td key={run.id}>{run[what]}</td>
                  ))}
                </tr>
              ))}
              {keys.map((key) => (
                <tr key={key} data-setting={key}>
                  <th scope="row">{fieldBy(key).label}</th>
                  {runs.map(({ id, config }) => (
                    <td key={id}>
                      {settingWords(config, key)}
                      {isDefault(config, key) && <span className="muted"> default</span>}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
