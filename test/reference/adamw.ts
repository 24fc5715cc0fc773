/** torch.optim.AdamW after torch.nn.utils.clip_grad_norm_, in float64. */

export interface AdamWNumbers {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** 0: gradients are left as they are. */
  readonly maxGradNorm: number;
}

type Arrays = ReadonlyMap<string, Float64Array>;

export interface AdamWState {
  readonly values: Arrays;
  readonly first: Arrays;
  readonly second: Arrays;
}

export function adamwState(values: ReadonlyMap<string, ArrayLike<number>>): AdamWState {
  const zeros = (): Arrays =>
    new Map([...values].map(([name, { length }]) => [name, new Float64Array(length)] as const));
  const copies = [...values].map(([name, array]) => [name, Float64Array.from(array)] as const);
  return { values: new Map(copies), first: zeros(), second: zeros() };
}

/** Over all of them together. */
export function globalNorm(gradients: ReadonlyMap<string, ArrayLike<number>>): number {
  let squares = 0;
  for (const gradient of gradients.values())
    for (let i = 0; i < gradient.length; i++) squares += gradient[i]! ** 2;
  return Math.sqrt(squares);
}

/** Takes step t, counted from 1; `decays`: whether weight decay applies to a parameter. */
export function adamwStep(
  state: AdamWState,
  gradients: ReadonlyMap<string, ArrayLike<number>>,
  t: number,
  numbers: AdamWNumbers,
  decays: (name: string) => boolean = () => true,
): void {
  const { learningRate, beta1, beta2, eps, weightDecay, maxGradNorm } = numbers;
  const factor = maxGradNorm > 0 ? Math.min(1, maxGradNorm / (globalNorm(gradients) + 1e-6)) : 1;
  for (const [name, gradient] of gradients) {
    const [p, m, v] = [state.values.get(name)!, state.first.get(name)!, state.second.get(name)!];
    for (let i = 0; i < p.length; i++) {
      const g = factor * gradient[i]!;
      if (decays(name)) p[i] = p[i]! - learningRate * weightDecay * p[i]!;
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
      const denominator = Math.sqrt(v[i]! / (1 - beta2 ** t)) + eps;
      p[i] = p[i]! - (learningRate * (m[i]! / (1 - beta1 ** t))) / denominator;
    }
  }
}
