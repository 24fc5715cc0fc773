/** As much of a run as the hand-off bundle looks at: three steps on five clips, one of which could not be read. */
import type { ClipExample } from '../../src/data/types.ts';
import type { AdamW } from '../../src/optim/adamw.ts';
import type { Config } from '../../src/protocol/config.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import type { OpenModel } from '../../src/worker/inputs/model.ts';
import { LineLog } from '../../src/worker/line-log.ts';
import type { Run } from '../../src/worker/run.ts';
import { runTexts } from '../../src/worker/run-options.ts';
import { type RowsParts, TrainingRows } from '../../src/worker/training-rows.ts';

export const examples = ['happy', 'sad', 'angry', 'neutral', 'sad'].map(
  (label, index): ClipExample => ({
    id: `clips/${index}.mp4`,
    media: [
      {
        kind: 'video',
        path: `clips/${index}.mp4`,
        files: [{ path: `clips/${index}.mp4`, size: 6, blob: async () => new Blob([`clip ${index}`]) }],
      },
    ],
    label,
    question: null,
    answer: label,
    writtenLabel: label,
    speaker: null,
    split: index === 4 ? 'test' : 'train',
  }),
);

const completion = (step: number, text: string) => ({
  ...{ step, exampleId: 'clips/0.mp4', label: 'happy', text, rawText: text, tokens: 3, ended: 'eos' },
  ...{ rewards: { accuracy: 1, format: 0 }, total: 1, advantage: 0.5, answer: text },
});

/** As much of a run as an export looks at, after three steps. */
export function runOf(model: OpenModel, policy: Policy, optimizer: AdamW, config: Config): Run {
  const [metricsLog, rolloutsLog] = [new LineLog(), new LineLog()];
  for (const step of [1, 2, 3]) {
    const metrics = {
      loss: step / 10,
      reward: 1,
      'rewards/accuracy/mean': 1,
      epoch: step,
      num_tokens: 100 * step,
    };
    const own = {
      'memory/peak_bytes': 9,
      seconds: { rollout: 1 },
      ...(step === 2 ? { 'eval/war': 0.5, 'eval/rewards/accuracy/mean': 0.25 } : {}),
    };
    metricsLog.append({ step, ...metrics, ...own });
    rolloutsLog.append(completion(step, `é ${step}`), completion(step, 'b'));
  }
  const gpu = { info: {} };
  const refuses = ({ id }: ClipExample): boolean => id === 'clips/1.mp4';
  const features = { refuses, has: (clip: ClipExample) => !refuses(clip) };
  const data = { name: 'faces', kind: 'clips', examples, issues: [], rows: 5, format: 'R1-Omni JSON' };
  const { prompts } = runTexts(model, config, examples);
  const rows = new TrainingRows({ data, features, config, prompts } as unknown as RowsParts);
  for (const _ of [1, 2, 3]) rows.deal();
  const run = {
    ...{ rows, prompts, config, step: 3, policy, optimizer, metricsLog, rolloutsLog, evaluations: [] },
    parts: { model, data, features, gpu, config },
    specimens: async () => [],
  };
  return run as unknown as Run;
}
