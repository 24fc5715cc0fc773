import { REWARD_NAMES, REWARDS } from '../../src/rewards/index.ts';

/** Each reward, what earns a point, its parameters, and where it comes from: the table that the README has to have. */
export function rewardTable(): string {
  const rows = REWARD_NAMES.map((name) => {
    const { help, group, parameters = {}, source } = REWARDS[name];
    const settings = Object.keys(parameters).map((key) => `\`${key}\``);
    return `| ${[`\`${name}\``, group, help, settings.join(', ') || '–', source].join(' | ')} |`;
  });
  return [
    '| reward | group | what earns a point | parameters | source |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
