import { Arena, type Gpu, Plan, Recorder } from '../../gpu/index.ts';
import { AdamW, type AdamWSettings } from '../../optim/adamw.ts';
import type { ParameterStore } from '../../optim/parameters.ts';
import type { CasePass } from './case-pass.ts';

/** What the pass before an optimizer step showed, and the norm of its gradients. */
export interface SeenStep {
  readonly seen: ReadonlyMap<string, Float32Array>;
  readonly norm: number;
}

/** Takes optimizer steps on the gradients of a pass. */
export async function adamwSteps(
  gpu: Gpu,
  { store, pass }: { readonly store: ParameterStore; readonly pass: CasePass },
  settings: AdamWSettings,
  steps: number,
): Promise<SeenStep[]> {
  using optimizer = new AdamW(gpu, store, settings);
  const [zero, step] = [new Recorder(), new Recorder()];
  store.zeroGradients(zero);
  optimizer.record(step);
  using arena = new Arena(gpu, 'optimizer');
  using zeroPlan = await Plan.create(gpu, 'zero', zero, arena);
  using stepPlan = await Plan.create(gpu, 'step', step, arena);
  const taken: SeenStep[] = [];
  for (let index = 0; index < steps; index++) {
    await zeroPlan.run();
    const seen = await pass.run();
    optimizer.setStep({});
    await stepPlan.run();
    taken.push({ seen, norm: (await optimizer.readStats()).norm });
  }
  return taken;
}
