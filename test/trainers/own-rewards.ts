/** Rewards of a run that are a program in TypeScript, one in Python and one of the studio, and what each gives in the studio. */
import { createHash } from 'node:crypto';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import type { RewardBatch, RewardReturn, RewardRunner, RewardSource } from '../../src/rewards/contract.ts';
import type { BatchScores } from '../../src/rewards/panel.ts';
import { type Callable, calledOn } from '../../src/sandbox/inside/functions.ts';
import { stripTypes } from '../../src/sandbox/inside/strip-types.ts';
import { openRewards } from '../../src/worker/rewards.ts';

/** Of text, tokens, a column of the data and the step; null for some answers. Logs what scores are made of. */
const TYPESCRIPT = `interface Given {
  completions: { content: string }[][]; completion_ids: number[][]; solution: string[]; trainer_state: { global_step: number; max_steps: number };
}
type Logs = Record<'log_metric' | 'log_extra', (name: string, value: unknown) => void>;
export async function scored({ completions, completion_ids, solution, trainer_state, log_metric, log_extra }: Given & Logs): Promise<(number | null)[]> {
  log_metric('progress', trainer_state.global_step / trainer_state.max_steps);
  log_extra('ids', completion_ids);
  log_extra('right', solution);
  return completions.map(([{ content }], at) => {
    const ids = completion_ids[at].reduce((sum, id) => sum + id, 0);
    return at % 3 === 1 ? null : ids / 300 + content.length / 8 + Number(solution[at]) * trainer_state.global_step;
  });
}`;
const PYTHON = `import math


async def letters(completions, solution, **_):
    return [math.ldexp(len(text), -3) - int(right) for text, right in zip(completions, solution)]
`;

const source = (
  name: string,
  text: string,
  rest: Pick<RewardSource, 'language' | 'completions' | 'function'>,
): RewardSource => ({ name, source: text, hash: createHash('sha256').update(text).digest('hex'), ...rest });

/** The programs by names that mean something else in Python. */
export const OWN_REWARDS: Partial<Config> = {
  rewards: ['math', 'print', 'repetition'],
  rewardWeights: [1, 0.5, 2],
  rewardSources: [
    source('math', TYPESCRIPT, { language: 'ts', completions: 'messages', function: 'scored' }),
    source('print', PYTHON, { language: 'py', completions: 'text', function: 'letters' }),
  ],
  rewardTimeLimit: 60,
  ...{ repetitionOf: 'tokens', repetitionNgram: 1 },
};

async function typescript(batch: RewardBatch): Promise<RewardReturn> {
  const { code } = stripTypes({ name: 'math.ts', language: 'ts', text: TYPESCRIPT });
  const module = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { scored: Callable };
  return (await calledOn(module.scored, JSON.stringify(batch), false)) as RewardReturn;
}

/** The program in Python, a second time; characters are code points there. */
const python = ({ completions, columns }: RewardBatch): RewardReturn => ({
  values: completions.map((text, at) => [...text].length / 8 - Number(columns.solution![at])),
});

/** Runs the one in TypeScript as it is. */
export const OWN_RUNNER: RewardRunner = {
  open: async ({ name, language }) => ({ name, score: language === 'ts' ? typescript : python }),
};

/** What the studio gives for a batch under these settings. */
export async function studioScores(batch: RewardBatch): Promise<BatchScores> {
  const panel = await openRewards(parseConfig(OWN_REWARDS), { runner: OWN_RUNNER });
  return panel.score(batch);
}
