import { beforeAll, describe, expect, it } from 'vitest';
import { type Gpu, reshape, Tape, type Tensor } from '../../src/gpu/index.ts';
import { softmaxRows } from '../../src/ops/attention/softmax.ts';
import { add, scale, silu } from '../../src/ops/elementwise.ts';
import { linear } from '../../src/ops/matmul/linear.ts';
import { rmsNorm } from '../../src/ops/norm/rms-norm.ts';
import { numbers, relativeError, runOnce, testGpu } from '../ops/harness.ts';

const [ROWS, COLS] = [5, 12];
let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

function trainable(name: string, shape: readonly number[], seed: number, level = 0.5): Tensor {
  const value = gpu.upload(
    'trainable',
    name,
    shape,
    numbers(
      shape.reduce((a, b) => a * b),
      seed,
      level,
    ),
  );
  return { ...value, grad: gpu.tensor('gradients', `d ${name}`, shape) };
}

/** Gradients of the given trainable tensors after `build` has recorded forward and backward. */
async function gradientsOf(
  tensors: readonly Tensor[],
  build: (tape: Tape) => Tensor,
): Promise<Float32Array[]> {
  for (const { grad } of tensors) gpu.write(grad!, new Float32Array(grad!.shape.reduce((a, b) => a * b)));
  await runOnce(gpu, 'tape', (tape) => {
    const y = build(tape);
    tape.backward([[y, seed]]);
    return [y];
  });
  const found: Float32Array[] = [];
  for (const { grad } of tensors) found.push(await gpu.read(grad!));
  return found;
}

let seed: Tensor;
beforeAll(() => {
  seed = gpu.upload('inputs', 'dy', [ROWS, COLS], numbers(ROWS * COLS, 9));
});

describe('checkpointing', () => {
  it('gives the same gradients as keeping everything, through nested blocks and shared weights', async () => {
    const x = trainable('x', [ROWS, COLS], 1);
    const w = trainable('w', [COLS, COLS], 2);
    const v = trainable('v', [COLS, COLS], 3);
    const norm = trainable('norm', [COLS], 4);
    const block = (tape: Tape, h: Tensor): Tensor =>
      add(tape, h, silu(tape, linear(tape, rmsNorm(tape, h, norm, 1e-6), w)));
    const build = (wrap: (tape: Tape, h: Tensor, forward: () => Tensor) => Tensor) => (tape: Tape) => {
      let h = linear(tape, x, v);
      for (let layer = 0; layer < 3; layer++) {
        const input = h;
        h = wrap(tape, input, () => {
          const inner = block(tape, input);
          return wrap(tape, inner, () => add(tape, block(tape, inner), input));
        });
      }
      return softmaxRows(tape, h);
    };
    const plain = build((_, __, forward) => forward());
    const outer = build((tape, h, forward) => tape.checkpoint([h], forward));
    const all = [x, w, v, norm];
    const expected = await gradientsOf(all, plain);
    const found = await gradientsOf(all, outer);
    found.forEach((gradient, i) => {
      expect(relativeError(gradient, expected[i]!), all[i]!.label).toBeLessThan(1e-6);
      expect(expected[i]!.some((value) => value !== 0)).toBe(true);
    });
  });

  it('needs less memory for the same result', async () => {
    const w = trainable('w', [COLS, COLS], 2);
    const planned = (checkpoint: boolean): number => {
      const tape = new Tape();
      let h: Tensor = gpu.upload('inputs', 'x', [ROWS, COLS], numbers(ROWS * COLS, 1));
      for (let layer = 0; layer < 8; layer++) {
        const input = h;
        const forward = (): Tensor => add(tape, input, silu(tape, silu(tape, linear(tape, input, w))));
        h = checkpoint ? tape.checkpoint([input], forward) : forward();
      }
      tape.backward([[h, seed]]);
      return peakBytes(tape);
    };
    expect(planned(true)).toBeLessThan(planned(false));
  });

  it('records nothing to go back through when nothing inside trains', () => {
    const tape = new Tape();
    const frozen = gpu.upload('inputs', 'x', [ROWS, COLS], numbers(ROWS * COLS, 1));
    const y = tape.checkpoint([frozen], () => scale(tape, frozen, 2), false);
    expect(tape.needsGrad(y)).toBe(false);
    tape.backward([[y, seed]]);
    expect(tape.recorder.dispatches).toHaveLength(1);
  });
});

/** Bytes of the planned tensors that are alive together, at most. */
function peakBytes({ recorder }: Tape): number {
  const spans = new Map<Tensor['storage'], { first: number; last: number; bytes: number }>();
  recorder.dispatches.forEach(({ tensors }, at) => {
    for (const { storage, shape } of Object.values(tensors)) {
      if (storage.kind !== 'planned') continue;
      const known = spans.get(storage);
      const bytes = 4 * shape.reduce((a, b) => a * b);
      spans.set(storage, { first: known?.first ?? at, last: at, bytes: Math.max(bytes, known?.bytes ?? 0) });
    }
  });
  const alive = recorder.dispatches.map((_, at) =>
    [...spans.values()].reduce(
      (sum, { first, last, bytes }) => sum + (first <= at && at <= last ? bytes : 0),
      0,
    ),
  );
  return Math.max(...alive);
}

describe('gradients that meet', () => {
  it('of several consumers are added, for activations and for trained tensors', async () => {
    const x = trainable('x', [ROWS, COLS], 1);
    const [once, many] = [
      await gradientsOf([x], (tape) => scale(tape, x, 1)),
      await gradientsOf([x], (tape) => {
        const h = scale(tape, x, 2);
        const parts = [scale(tape, h, 1), scale(tape, h, 3), scale(tape, h, -0.5), h, scale(tape, x, 5)];
        return parts.reduce((sum, part) => add(tape, sum, part));
      }),
    ];
    expect(
      relativeError(
        many[0]!,
        once[0]!.map((value) => (2 * (1 + 3 - 0.5 + 1) + 5) * value),
      ),
    ).toBeLessThan(1e-6);
  });

  it('are added by the op that comes later where its kernel can, without a pass of their own', async () => {
    const w = trainable('w', [COLS, COLS], 2);
    const backward = (forward: (tape: Tape, h: Tensor) => Tensor): number => {
      const tape = new Tape();
      const h = scale(tape, w, 2);
      const y = forward(tape, h);
      const before = tape.recorder.dispatches.length;
      tape.backward([[y, y]]);
      return tape.recorder.dispatches.length - before;
    };
    const frozen = gpu.upload('inputs', 'frozen', [COLS, COLS], numbers(COLS * COLS, 1));
    const ones = gpu.upload('inputs', 'ones', [COLS], numbers(COLS, 1));
    // Of h's scale two: its own and that into w.
    expect(backward((tape, h) => linear(tape, h, frozen, undefined, { addend: h }))).toBe(1 + 2);
    expect(backward((tape, h) => add(tape, h, rmsNorm(tape, h, ones, 1e-6)))).toBe(1 + 2);
    // Elementwise ops cannot.
    expect(backward((tape, h) => add(tape, h, silu(tape, h)))).toBe(2 + 2);
  });

  it('reach a tensor under any of its shapes', async () => {
    const x = trainable('x', [ROWS, COLS], 1);
    const found = await gradientsOf([x], (tape) => {
      const h = scale(tape, x, 2);
      const flat = scale(tape, reshape(h, [ROWS * COLS]), 10);
      return add(tape, reshape(flat, [ROWS, COLS]), h);
    });
    expect(
      relativeError(
        found[0]!,
        numbers(ROWS * COLS, 9).map((value) => 22 * value),
      ),
    ).toBeLessThan(1e-6);
  });

  it('are not sent into constants, nor through ops that no gradient reached', async () => {
    const x = trainable('x', [ROWS, COLS], 1);
    const found = await gradientsOf([x], (tape) => {
      silu(tape, x);
      const cut = tape.constant(() => scale(tape, x, 7));
      expect(tape.needsGrad(cut)).toBe(false);
      return add(tape, cut, scale(tape, x, 3));
    });
    expect(
      relativeError(
        found[0]!,
        numbers(ROWS * COLS, 9).map((value) => 3 * value),
      ),
    ).toBeLessThan(1e-6);
  });

  it('add up in trained tensors from run to run until they are zeroed', async () => {
    const x = trainable('x', [ROWS, COLS], 1);
    const step = (): Promise<unknown> =>
      runOnce(gpu, 'again', (tape) => {
        const y = scale(tape, x, 2);
        tape.backward([[y, seed]]);
        return [y];
      });
    await step();
    await step();
    expect(
      relativeError(
        await gpu.read(x.grad!),
        numbers(ROWS * COLS, 9).map((value) => 4 * value),
      ),
    ).toBeLessThan(1e-6);
  });
});
