import type { Gpu } from '../gpu/index.ts';
import { InputError } from '../math/errors.ts';
import type { AnswerOf, CommandOf } from '../protocol/messages.ts';
import { measuredCeilings } from './gpu/quick-ceilings.ts';
import type { Inputs } from './inputs/inputs.ts';
import type { OpenModel } from './inputs/model.ts';
import { planAlternatives } from './make-room.ts';
import { planMemory } from './memory-plan.ts';
import { readTexts } from './run-options.ts';

export interface Planned extends Pick<CommandOf<'plan'>, 'config' | 'whatIf'> {
  /** The model as the run would take it up. */
  readonly planned: (published: OpenModel) => OpenModel;
}

/** The memory of a run, and of others where that is asked; before data are open, of one without rows. @throws InputError where no model is open */
export async function planRun(
  gpu: Gpu,
  { model: published, fitting, rewardModels }: Pick<Inputs, 'model' | 'fitting' | 'rewardModels'>,
  { config, whatIf, planned }: Planned,
): Promise<AnswerOf<'plan'>> {
  if (!published) throw new InputError('There is no model yet.', { hint: 'Drop its folder on the page.' });
  const model = planned(published);
  const texts = (await readTexts([model, config, fitting?.examples ?? [], gpu]))!;
  const scorers = rewardModels.ofRun(config);
  const plan = await planMemory(model, config, texts, gpu, scorers);
  const others = whatIf && (await planAlternatives(model, config, texts, gpu, scorers));
  const ceilings = await measuredCeilings(gpu);
  return { plan, ...(others ? { whatIf: others } : {}), ...(ceilings ? { ceilings } : {}) };
}
