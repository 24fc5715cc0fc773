import { beforeAll, describe, expect, it } from 'vitest';
import { openNodeDevice } from '../../src/cli/adapter.ts';
import { Arena, Gpu, kernelsOf, Plan, Recorder, sizeOf, Tape, type Tensor } from '../../src/gpu/index.ts';
import { softmaxRows } from '../../src/ops/attention/softmax.ts';
import { add, scale, silu } from '../../src/ops/elementwise.ts';
import { linear } from '../../src/ops/matmul/linear.ts';
import { numbers, testGpu } from '../ops/harness.ts';
import { openTestDevice } from '../setup/adapter.ts';

const fill = kernelsOf('accumulate', ['count', 'value'])('fill', { writes: ['out'] });

let gpu: Gpu;
beforeAll(async () => {
  gpu = await testGpu();
});

/** A few ops with a gradient: enough tensors for memory to be shared. */
function program(tape: Tape, x: Tensor, weight: Tensor): Tensor {
  let h = x;
  for (let layer = 0; layer < 4; layer++) h = add(tape, h, silu(tape, linear(tape, h, weight)));
  const y = softmaxRows(tape, h);
  tape.backward([[y, x]]);
  return y;
}

function toy(rows = 7, cols = 12) {
  const x = gpu.upload('inputs', 'x', [rows, cols], numbers(rows * cols, 1));
  const plain = gpu.upload('trainable', 'w', [cols, cols], numbers(cols * cols, 2, 0.5));
  const weight = { ...plain, grad: gpu.tensor('gradients', 'dw', [cols, cols]) };
  const free = (): void => gpu.free(x, weight, weight.grad);
  return { x, weight, free };
}

describe('Plan', () => {
  it('replays to the same bits, and follows its inputs', async () => {
    const { x, weight, free } = toy();
    const tape = new Tape();
    const y = tape.recorder.keep(program(tape, x, weight));
    using arena = new Arena(gpu, 'toy');
    using plan = await Plan.create(gpu, 'toy', tape.recorder, arena);
    const run = async (): Promise<[Float32Array, Float32Array]> => {
      gpu.write(weight.grad, new Float32Array(sizeOf(weight.shape)));
      await plan.run();
      return [await gpu.read(plan.output(y)), await gpu.read(weight.grad)];
    };
    const first = await run();
    for (let again = 0; again < 3; again++) expect(await run()).toEqual(first);
    gpu.write(x, numbers(sizeOf(x.shape), 3));
    const other = await run();
    expect(other).not.toEqual(first);
    gpu.write(x, numbers(sizeOf(x.shape), 1));
    expect(await run()).toEqual(first);
    free();
  });

  it('shares an arena with other plans, which changes no result', async () => {
    const small = toy(3, 8);
    const large = toy(31, 40);
    using arena = new Arena(gpu, 'shared');
    const make = async (name: string, { x, weight }: ReturnType<typeof toy>, where: Arena) => {
      const tape = new Tape();
      const y = tape.recorder.keep(program(tape, x, weight));
      return { plan: await Plan.create(gpu, name, tape.recorder, where), y };
    };
    const a = await make('large', large, arena);
    const bytes = arena.bytes;
    const b = await make('small', small, arena);
    const c = await make('large again', large, arena);
    expect(arena.bytes).toBe(bytes);
    using apart = new Arena(gpu, 'apart');
    const alone = await make('alone', small, apart);
    const results: Float32Array[] = [];
    for (const { plan, y } of [alone, b, a, b, c, b]) {
      await plan.run();
      results.push(await gpu.read(plan.output(y)));
    }
    for (const index of [1, 3, 5]) expect(results[index]).toEqual(results[0]);
    expect(results[4]).toEqual(results[2]);
    for (const { plan } of [a, b, c, alone]) plan[Symbol.dispose]();
    small.free();
    large.free();
  });

  it('gives every tensor of one dispatch a buffer of its own', () => {
    using arena = new Arena(gpu, 'distinct');
    const taken = arena.take([16, 64, 16, 32]);
    expect(new Set(taken).size).toBe(4);
    expect(taken.every((buffer, i) => buffer.size >= [16, 64, 16, 32][i]!)).toBe(true);
    expect(new Set([...taken, ...arena.take([64, 8])]).size).toBe(4);
    expect(new Set([...taken, ...arena.take([65])]).size).toBe(5);
  });

  it('lets kept tensors be read, and only those', async () => {
    const { x, weight, free } = toy();
    const tape = new Tape();
    const kept = tape.recorder.keep(scale(tape, x, 2));
    program(tape, kept, weight);
    using arena = new Arena(gpu, 'kept');
    using plan = await Plan.create(gpu, 'kept', tape.recorder, arena);
    await plan.run();
    const twice = numbers(sizeOf(x.shape), 1).map((value) => 2 * value);
    expect((await gpu.read(plan.output(kept))).slice(0, twice.length)).toEqual(twice);
    await expect(gpu.read(kept)).rejects.toThrow(/scale lives only inside its plan; mark it with keep\(\)/);
    const never = tape.recorder.temp('never', [3]);
    expect(() => plan.output(never)).toThrow(/never is used but no dispatch of this plan writes it/);
    free();
  });

  it('fills every element of a grid folded beyond 65,535 workgroups', async () => {
    const count = 64 * 65_535 + 64 * 3 + 5;
    const target = gpu.tensor('inputs', 'long', [count + 7]);
    const recorder = new Recorder();
    recorder.dispatch(fill, {
      uniforms: { count, value: 3 },
      tensors: { out: target },
      workgroups: Math.ceil(count / 64),
    });
    using arena = new Arena(gpu, 'long');
    using plan = await Plan.create(gpu, 'long', recorder, arena);
    await plan.run();
    const values = await gpu.read(target);
    expect(values.subarray(0, count).findIndex((value) => value !== 3)).toBe(-1);
    expect([...values.subarray(count)]).toEqual(Array(7).fill(0));
    gpu.free(target);
  });

  it('reports a layout that disagrees with the shader, and goes on working', async () => {
    const wrong = kernelsOf('accumulate', ['count', 'value'])('fill', { writes: ['no_such'] });
    const target = gpu.tensor('inputs', 'target', [4]);
    const recorder = new Recorder();
    recorder.dispatch(wrong, {
      uniforms: { count: 4, value: 1 },
      tensors: { no_such: target },
      workgroups: 1,
    });
    using arena = new Arena(gpu, 'wrong');
    await expect(Plan.create(gpu, 'wrong', recorder, arena)).rejects.toThrow(/accumulate\.fill/);
    const { x, weight, free } = toy();
    const tape = new Tape();
    program(tape, x, weight);
    using plan = await Plan.create(gpu, 'after', tape.recorder, arena);
    await plan.run();
    free();
    gpu.free(target);
  });

  it('pops its error scopes when building fails, so that the next error is not swallowed', async () => {
    await expect(
      gpu.checked('outer', async () => {
        await expect(
          gpu.checked('inner', () => {
            throw new Error('broken');
          }),
        ).rejects.toThrow('broken');
        gpu.device.createBuffer({ size: 16, usage: 0xffff });
      }),
    ).rejects.toThrow(/^outer: /);
  });
});

describe('the ledger', () => {
  it('goes back to where it was when everything is freed', async () => {
    gpu.trim();
    const before = gpu.ledger.parts();
    const { x, weight, free } = toy();
    const arena = new Arena(gpu, 'ledger');
    const tape = new Tape();
    const y = tape.recorder.keep(program(tape, x, weight));
    const plan = await Plan.create(gpu, 'ledger', tape.recorder, arena);
    const held = gpu.ledger.total;
    for (let run = 0; run < 3; run++) {
      await plan.run();
      await gpu.read(plan.output(y));
      expect(gpu.ledger.total).toBeGreaterThan(held);
      gpu.trim();
      expect(gpu.ledger.total).toBe(held);
    }
    expect(gpu.ledger.parts().activations).toBe((before.activations ?? 0) + arena.bytes);
    expect(gpu.ledger.peak).toBeGreaterThan(held);
    plan[Symbol.dispose]();
    arena[Symbol.dispose]();
    free();
    free();
    expect(gpu.ledger.parts()).toEqual(before);
  });

  it('counts what the device was asked for, uniforms included', async () => {
    const { device } = await openTestDevice();
    let created = 0;
    const original = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) => {
      created += descriptor.size;
      return original(descriptor);
    };
    const own = new Gpu(device);
    const x = own.upload('inputs', 'x', [3, 5], numbers(15, 1));
    const tape = new Tape();
    tape.recorder.keep(softmaxRows(tape, x));
    using arena = new Arena(own, 'counted');
    using plan = await Plan.create(own, 'counted', tape.recorder, arena);
    expect(plan.dispatchCount).toBe(1);
    expect(own.ledger.total).toBe(created);
  });

  it('refuses a buffer that could not be bound, by name', () => {
    const limit = gpu.device.limits.maxStorageBufferBindingSize;
    const before = gpu.ledger.total;
    expect(() => gpu.tensor('weights', 'huge table', [limit / 4 + 1])).toThrow(
      new RegExp(`^huge table: ${limit + 4} bytes exceed .*maxStorageBufferBindingSize of ${limit}`),
    );
    expect(gpu.ledger.total).toBe(before);
  });
});

describe('Plan.profile', () => {
  async function profiled(own: Gpu) {
    const x = own.upload('inputs', 'x', [65, 63], numbers(65 * 63, 1));
    const tape = new Tape();
    const y = tape.recorder.keep(softmaxRows(tape, scale(tape, x, 2)));
    using arena = new Arena(own, 'profiled');
    using plan = await Plan.create(own, 'profiled', tape.recorder, arena);
    await plan.run();
    const before = await own.read(plan.output(y));
    const times = await plan.profile();
    expect(await own.read(plan.output(y))).toEqual(before);
    return times;
  }

  it('gives one time for each dispatch where the adapter has timestamps', async () => {
    const { device, adapter } = await openTestDevice();
    if (!adapter.features.has('timestamp-query')) {
      await expect(profiled(new Gpu(device))).rejects.toThrow(/timestamp-query/);
      return;
    }
    const times = await profiled(new Gpu(device));
    expect(times.map(({ label }) => label.split(' ')[0])).toEqual(['elementwise.scale', 'softmax.forward']);
    for (const { microseconds } of times) expect(microseconds).toBeGreaterThanOrEqual(0);
  });

  it('says what is missing on a device opened without them', async () => {
    const { kind } = await openTestDevice();
    const { device } = await openNodeDevice(kind, []);
    await expect(profiled(new Gpu(device))).rejects.toThrow(
      /^Plan\.profile of profiled: the device was opened without the feature "timestamp-query"/,
    );
  });
});
