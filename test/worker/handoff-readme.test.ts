/** What the hand-off's README.md says by family. */
import { expect, it } from 'vitest';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { handoffReadme, type ReadmeFacts } from '../../src/worker/export/handoff-readme.ts';

const PLAIN = { prefill: '', turns: false, variables: false };

const readmeOf = (
  family: string,
  checkpoint: ReadmeFacts['checkpoint'] = { folder: 'trl' },
  chats: ReadmeFacts['chats'] = PLAIN,
  config: Partial<Config> = {},
): string =>
  handoffReadme({
    chats,
    ...{ baseModel: 'base', family, config: parseConfig(config), step: 3, dataSet: 'data', dealtSteps: 0 },
    ...{ clips: false, checkpoint },
  });

it('says of what a trainer shows nothing, or trains nothing', () => {
  expect(readmeOf('Qwen2-VL')).toMatch(/## R1-Omni: video on GPUs[\s\S]*TRL shows a model no video/);
  const shown = readmeOf('HumanOmni');
  expect(shown).toMatch(/TRL shows a model no video and no sound[\s\S]*trains the twin in `humanomni\/`/);
  expect(shown).toMatch(/\npython resume\.py --base \/path\/to\/base --clips /);
  expect(readmeOf('HumanOmni', { problem: 'the run has no LoRA' })).not.toContain('resume.py');
});

it('says neither of a language model, which TRL trains whole', () => {
  const text = readmeOf('Qwen3');
  expect(text).not.toMatch(/TRL shows a model|## R1-Omni|verl has no/);
  expect(text).toMatch(/## TRL\n\n```sh\npython resume\.py/);
});

it('says to verl that weights travel only where a checkpoint is in the bundle', () => {
  expect(readmeOf('Qwen3')).toContain('Weights travel');
  const without = readmeOf('Qwen3', { problem: 'the run has no LoRA' });
  expect(without).not.toContain('Weights travel');
  expect(without).toMatch(/give the folder `model` of the run's exported merged weights as `BASE`/);
});

it('says what of the chats other trainers do otherwise', () => {
  expect(readmeOf('HumanOmni')).not.toMatch(/begins answers|earlier turns|chat_template_kwargs/);
  const chats = { prefill: '<think>\n', turns: true, variables: true };
  const text = readmeOf('HumanOmni', undefined, chats);
  expect(text).toContain(String.raw`begins answers with \`"<think>\n"\``.replaceAll('\\`', '`'));
  expect(text).toMatch(/System messages and earlier turns: `r1omni\/`/);
  expect(text).toMatch(/`chat_template_kwargs` of rows/);
  expect(readmeOf('Qwen3', undefined, chats)).not.toContain('r1omni/');
});

it('says of the KL what only TRL has', () => {
  const said = (family: string, config: Partial<Config>) => readmeOf(family, undefined, undefined, config);
  expect(said('Qwen3', { beta: 0.1 })).toContain('(`useBiasCorrectionKl`): verl has none.');
  expect(said('HumanOmni', { beta: 0.1 })).toContain("verl and R1-Omni's trainer have none.");
  for (const config of [{}, { beta: 0.1, useBiasCorrectionKl: false }])
    expect(said('HumanOmni', config)).not.toContain('useBiasCorrectionKl');
});
