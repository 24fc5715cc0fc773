import { kernelsOf } from './kernel.ts';
import { Recorder } from './recorder.ts';
import { type Storage, sizeOf, type Tensor } from './tensor.ts';
import type { Traits } from './traits.ts';

const kernel = kernelsOf('accumulate', ['count', 'value']);
const sumKernel = kernel('sum', { reads: ['a', 'b'], writes: ['out'] });
const addToKernel = kernel('add_to', { reads: ['a'], updates: ['out'] });

interface Node {
  readonly outputs: readonly Tensor[];
  readonly backward: () => void;
}

/**
 * Records a forward pass and, on demand, its backward pass. An op dispatches its forward on the tape's recorder and
 * hands `record` a closure that dispatches its backward. Gradients of activations are planned tensors that are never
 * changed in place; gradients of trainable tensors are added to their persistent `grad`, which the caller zeroes once
 * per optimizer step.
 */
export class Tape {
  readonly recorder: Recorder;
  #nodes: Node[] = [];
  #recording = true;
  readonly #tracked = new Set<Storage>();
  readonly #gradients = new Map<Storage, Tensor>();

  constructor(recorder = new Recorder()) {
    this.recorder = recorder;
  }

  /** A tape whose dispatches suit a device. */
  static on({ traits }: { readonly traits: Traits }): Tape {
    return new Tape(new Recorder(traits));
  }

  /** Whether ops are recorded for a backward pass; not so inside `constant`. */
  get isRecording(): boolean {
    return this.#recording;
  }

  /** Whether a gradient must flow into `tensor`. */
  needsGrad(tensor: Tensor): boolean {
    return tensor.grad !== undefined || this.#tracked.has(tensor.storage);
  }

  /** Registers an op: `backward` runs, in reverse order, if any input needs a gradient and any output got one. */
  record(outputs: readonly Tensor[], inputs: readonly (Tensor | undefined)[], backward: () => void): void {
    if (!this.#recording || !inputs.some((input) => input && this.needsGrad(input))) return;
    for (const output of outputs) this.#tracked.add(output.storage);
    this.#nodes.push({ outputs, backward });
  }

  /** The gradient that has reached `tensor` so far, in its shape. */
  gradOf(tensor: Tensor): Tensor | undefined {
    const gradient = this.#gradients.get(tensor.storage);
    return gradient && { ...gradient, shape: tensor.shape };
  }

  /** Adds `gradient` to what has reached `tensor`; does nothing where no gradient is needed. */
  addGrad(tensor: Tensor, gradient: Tensor): void {
    if (!this.needsGrad(tensor)) return;
    const count = sizeOf(tensor.shape);
    const workgroups = Math.ceil(count / 64);
    if (tensor.grad) {
      this.recorder.dispatch(addToKernel, {
        uniforms: { count, value: 0 },
        tensors: { a: gradient, out: tensor.grad },
        workgroups,
      });
      return;
    }
    const before = this.#gradients.get(tensor.storage);
    if (!before) {
      this.#gradients.set(tensor.storage, gradient);
      return;
    }
    const sum = this.recorder.temp(`d ${tensor.label}`, tensor.shape);
    this.recorder.dispatch(sumKernel, {
      uniforms: { count, value: 0 },
      tensors: { a: before, b: gradient, out: sum },
      workgroups,
    });
    this.#gradients.set(tensor.storage, sum);
  }

  /**
   * As `addGrad`, for an op whose kernel can add to its gradient: `gradient` is given what has reached `tensor` before, if
   * anything has, and returns the sum. Spares the pass that adds the two.
   */
  mergeGrad(tensor: Tensor, gradient: (before: Tensor | undefined) => Tensor): void {
    if (tensor.grad) this.addGrad(tensor, gradient(undefined));
    else if (this.needsGrad(tensor)) this.#gradients.set(tensor.storage, gradient(this.gradOf(tensor)));
  }

  /** Records the backward pass of everything recorded so far, from the given gradients of outputs. */
  backward(seeds: readonly (readonly [output: Tensor, gradient: Tensor])[]): void {
    for (const [output, gradient] of seeds) this.addGrad(output, gradient);
    this.#unwind(0);
  }

  #unwind(start: number): void {
    while (this.#nodes.length > start) {
      const { outputs, backward } = this.#nodes.pop()!;
      if (outputs.some((output) => this.#gradients.has(output.storage))) backward();
      for (const output of outputs) this.#gradients.delete(output.storage);
    }
  }

  /** Runs `forward` without tracking gradients: what it returns is a constant to the tape. */
  constant<T>(forward: () => T): T {
    const before = this.#recording;
    this.#recording = false;
    try {
      return forward();
    } finally {
      this.#recording = before;
    }
  }

  /**
   * Records `forward` but keeps only `inputs` and the result for the backward pass, which records `forward` again
   * (Chen et al. 2016, arXiv 1604.06174). `forward` must depend on nothing else that needs a gradient, except
   * trainable tensors.
   */
  checkpoint(inputs: readonly Tensor[], forward: () => Tensor, trainable = true): Tensor {
    const output = this.constant(forward);
    if (!this.#recording || !(trainable || inputs.some((input) => this.needsGrad(input)))) return output;
    this.#tracked.add(output.storage);
    this.#nodes.push({
      outputs: [output],
      backward: () => {
        const gradient = this.gradOf(output)!;
        const start = this.#nodes.length;
        const again = forward();
        this.addGrad(again, gradient);
        this.#unwind(start);
      },
    });
    return output;
  }
}
