/** What to say of a supervised stage that learns bare labels under a prompt that asks for tags. Pure. */
import type { Config } from './config.ts';

/** Prompts that ask for no tags: bare labels are what they are published for, or the row asks for itself. */
const WITHOUT_REQUEST: readonly Config['promptPreset'][] = ['sft-label', 'eval', 'erv'];

/** The published prompt for bare labels (R1-Omni, scripts/finetune_omni_small_sftonMAFWDFEW.sh). */
export const LABEL_PROMPT: Config['promptPreset'] = 'sft-label';

/** A sentence; undefined where the run imitates no bare label, or asks for no tags. `bare`: training answers without answer tags. */
export function bareAnswersLine(
  bare: number,
  {
    stage,
    promptPreset,
    promptTemplate,
    instruction,
  }: Pick<Config, 'stage' | 'promptPreset' | 'promptTemplate' | 'instruction'>,
): string | undefined {
  const asksOtherwise =
    WITHOUT_REQUEST.includes(promptPreset) ||
    promptTemplate.trim() !== '' ||
    (instruction.trim() !== '' && !instruction.includes('<answer>'));
  if (bare === 0 || stage !== 'sft' || asksOtherwise) return undefined;
  const [answers, them] = bare === 1 ? ['answer to learn is', 'it'] : ['answers to learn are', 'them'];
  return (
    `${bare} ${answers} without answer tags, but the prompt ${promptPreset} asks for them: supervised training on ${them} ` +
    `unlearns the tags. The published prompt for bare labels is ${LABEL_PROMPT}.`
  );
}
