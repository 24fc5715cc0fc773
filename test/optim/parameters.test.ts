import { describe, expect, it } from 'vitest';
import { Arena, Plan, placed, Recorder } from '../../src/gpu/index.ts';
import { ParameterStore } from '../../src/optim/parameters.ts';
import { numbers, testGpu } from '../ops/harness.ts';

const shapes = { a: [3, 5], b: [64], c: [1], d: [7, 9], e: [65] } as const;
const parameters = Object.entries(shapes).map(([name, shape], i) => ({
  name,
  shape,
  data: numbers(
    shape.reduce((product: number, extent) => product * extent, 1),
    i,
  ),
}));

describe('ParameterStore', () => {
  it('keeps values and shapes, every tensor at a bindable offset', async () => {
    const gpu = await testGpu();
    using store = new ParameterStore(gpu, parameters, { chunkBytes: 1024 });
    expect(store.chunks.length).toBeGreaterThan(1);
    expect(store.names()).toEqual(Object.keys(shapes));
    expect(store.size).toBe(15 + 64 + 1 + 63 + 65);
    for (const { name, shape, data } of parameters) {
      const tensor = store.get(name);
      expect(tensor.shape).toEqual(shape);
      expect(placed(tensor).offset % 256).toBe(0);
      expect(placed(tensor.grad!).offset % 256).toBe(0);
      expect(await store.read(name)).toEqual(data);
    }
  });

  it('clears gradients and nothing else', async () => {
    const gpu = await testGpu();
    using store = new ParameterStore(gpu, parameters, { chunkBytes: 1024 });
    for (const { name, data } of parameters) gpu.write(store.get(name).grad!, data);
    expect(await store.readGradient('d')).toEqual(parameters[3]!.data);
    const recorder = new Recorder();
    store.zeroGradients(recorder);
    await (await Plan.create(gpu, 'clear', recorder, new Arena(gpu, 'clear'))).run();
    for (const { name, data } of parameters) {
      expect(await store.readGradient(name)).toEqual(new Float32Array(data.length));
      expect(await store.read(name)).toEqual(data);
    }
  });

  it('freezes a copy that later writes do not reach, until it is refreshed', async () => {
    const gpu = await testGpu();
    const before = gpu.ledger.parts();
    {
      using store = new ParameterStore(gpu, parameters, { chunkBytes: 1024 });
      using frozen = store.freeze();
      store.write('d', new Float32Array(63).fill(2));
      const copy = frozen.get('d');
      expect(copy.grad).toBeUndefined();
      expect((await gpu.read(copy)).slice(0, 63)).toEqual(parameters[3]!.data);
      frozen.refresh();
      expect((await gpu.read(copy)).slice(0, 63)).toEqual(new Float32Array(63).fill(2));
      expect(gpu.ledger.parts().weights).toBe(gpu.ledger.parts().trainable);
    }
    expect(gpu.ledger.parts()).toEqual(before);
  });

  it('says what is wrong', async () => {
    const gpu = await testGpu();
    const make = (list: readonly { name: string; shape: readonly number[]; data?: Float32Array }[]) =>
      new ParameterStore(gpu, list, { chunkBytes: 1024 });
    expect(() => make([{ name: 'big', shape: [16, 17] }])).toThrow(/big \[16, 17\] takes 1088 bytes/);
    expect(() =>
      make([
        { name: 'x', shape: [1] },
        { name: 'x', shape: [2] },
      ]),
    ).toThrow(/same name/);
    expect(() => make([{ name: 'x', shape: [2], data: new Float32Array(3) }])).toThrow(
      /has 2 values, the data 3/,
    );
    using store = make([{ name: 'x', shape: [2] }]);
    expect(() => store.get('y')).toThrow(/no parameter y/);
  });
});
