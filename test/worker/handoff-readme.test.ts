/** What the hand-off's README.md says by family. */
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import { handoffReadme } from '../../src/worker/export/handoff-readme.ts';

const readmeOf = (family: string): string =>
  handoffReadme({
    ...{ baseModel: 'base', family, config: parseConfig({}), step: 3, dataSet: 'data', dealtSteps: 0 },
    ...{ clips: false, checkpoint: { folder: 'trl' } },
  });

it('says of what a trainer shows nothing, or trains nothing', () => {
  expect(readmeOf('Qwen2-VL')).toMatch(/## R1-Omni: video on GPUs[\s\S]*TRL shows a model no video/);
  expect(readmeOf('HumanOmni')).toMatch(/TRL shows a model no video and no sound/);
});

it('says neither of a language model, which TRL trains whole', () => {
  const text = readmeOf('Qwen3');
  expect(text).not.toMatch(/TRL shows a model|## R1-Omni|verl has no/);
  expect(text).toMatch(/## TRL\n\n```sh\npython resume\.py/);
});
