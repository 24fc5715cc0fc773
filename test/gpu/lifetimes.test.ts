import { describe, expect, it } from 'vitest';
import { kernelsOf } from '../../src/gpu/kernel.ts';
import { assignObjects, type Lifetime, lifetimes } from '../../src/gpu/lifetimes.ts';
import { foldWorkgroups, Recorder } from '../../src/gpu/recorder.ts';
import { byteLength, type Tensor } from '../../src/gpu/tensor.ts';
import { RandomStream } from '../reference/random-stream.ts';

const kernel = kernelsOf('toy', ['count']);
const combine = kernel('combine', { reads: ['a', 'b'], writes: ['out'] });
const change = kernel('change', { updates: ['target'] });
const once = { uniforms: { count: 1 }, workgroups: 1 };

/** A random program: every dispatch reads or changes tensors that exist, some tensors are kept. */
function randomProgram(seed: number): Recorder {
  const random = new RandomStream(seed);
  const recorder = new Recorder();
  const source: Tensor = {
    ...recorder.temp('source', [1]),
    storage: { kind: 'buffer', buffer: {} as GPUBuffer, offset: 0 },
  };
  recorder.planned.length = 0;
  const alive: Tensor[] = [source];
  for (let i = 0; i < 60; i++) {
    const pick = (): Tensor => alive[random.below(alive.length)]!;
    if (random.below(4) === 0) {
      recorder.dispatch(change, { ...once, tensors: { target: pick() } });
      continue;
    }
    const out = recorder.temp(`t${i}`, [1 + random.below(50)]);
    recorder.dispatch(combine, { ...once, tensors: { a: pick(), b: pick(), out } });
    alive.push(out);
    if (random.below(10) === 0) recorder.keep(out);
    if (alive.length > 8) alive.splice(random.below(alive.length), 1);
  }
  return recorder;
}

const overlap = (a: Lifetime, b: Lifetime): boolean => a.first <= b.last && b.first <= a.last;

/** Runs a program over objects of bytes as the plan would, and says which tensor each object holds when. */
function checkNoLoss(recorder: Recorder, lives: readonly Lifetime[]): void {
  const objectOf = new Map<number, number>();
  assignObjects(lives).forEach((object, index) => {
    for (const { id } of object.tenants) objectOf.set(id, index);
  });
  const holds = new Map<number, number>();
  const idOf = ({ storage }: Tensor): number | undefined =>
    storage.kind === 'planned' ? storage.id : undefined;
  for (const { kernel, tensors } of recorder.dispatches) {
    const entries = Object.entries(tensors).map(
      ([name, tensor]) => [kernel.bindings[name]!, idOf(tensor)] as const,
    );
    for (const [access, id] of entries) {
      if (id !== undefined && access !== 'write') expect(holds.get(objectOf.get(id)!)).toBe(id);
    }
    for (const [access, id] of entries)
      if (id !== undefined && access === 'write') holds.set(objectOf.get(id)!, id);
  }
  for (const id of recorder.kept) expect(holds.get(objectOf.get(id)!)).toBe(id);
}

describe('planned memory', () => {
  it('never gives two living tensors the same object, on random programs', () => {
    for (let seed = 0; seed < 200; seed++) {
      const recorder = randomProgram(seed);
      const lives = lifetimes(recorder.dispatches, recorder.planned, recorder.kept);
      const objects = assignObjects(lives);
      expect(objects.flatMap(({ tenants }) => tenants).length).toBe(lives.length);
      for (const { bytes, tenants } of objects) {
        tenants.forEach((tenant, i) => {
          expect(tenant.bytes).toBeLessThanOrEqual(bytes);
          for (const other of tenants.slice(i + 1))
            expect(overlap(tenant, other), `seed ${seed}`).toBe(false);
        });
      }
      checkNoLoss(recorder, lives);
    }
  });

  it('takes less than all tensors together, and no less than what lives at once', () => {
    const recorder = randomProgram(7);
    const lives = lifetimes(recorder.dispatches, recorder.planned, recorder.kept);
    const taken = assignObjects(lives).reduce((sum, { bytes }) => sum + bytes, 0);
    const atOnce = recorder.dispatches.map((_, at) =>
      lives.filter(({ first, last }) => first <= at && at <= last).reduce((sum, { bytes }) => sum + bytes, 0),
    );
    expect(taken).toBeLessThan(recorder.plannedBytes);
    expect(taken).toBeGreaterThanOrEqual(Math.max(...atOnce));
  });

  it('lives from first write to last use; kept tensors live to the end', () => {
    const recorder = new Recorder();
    const [a, b, c] = ['a', 'b', 'c'].map((label) => recorder.temp(label, [5])) as [Tensor, Tensor, Tensor];
    const outside: Tensor = { ...a, storage: { kind: 'buffer', buffer: {} as GPUBuffer, offset: 0 } };
    recorder.dispatch(combine, { ...once, tensors: { a: outside, b: outside, out: a } });
    recorder.dispatch(combine, { ...once, tensors: { a, b: a, out: b } });
    recorder.dispatch(combine, { ...once, tensors: { a: b, b, out: c } });
    recorder.keep(b);
    const found = lifetimes(recorder.dispatches, recorder.planned, recorder.kept);
    expect(found.map(({ label, first, last }) => [label, first, last])).toEqual([
      ['a', 0, 1],
      ['b', 1, 3],
      ['c', 2, 2],
    ]);
    expect(found[0]!.bytes).toBe(byteLength(a));
  });

  it('names the kernel and the tensor that is read before anything wrote it', () => {
    for (const dispatchOn of [
      (recorder: Recorder, bad: Tensor) => recorder.dispatch(change, { ...once, tensors: { target: bad } }),
      (recorder: Recorder, bad: Tensor) =>
        recorder.dispatch(combine, { ...once, tensors: { a: bad, b: bad, out: recorder.temp('out', [1]) } }),
    ]) {
      const recorder = new Recorder();
      dispatchOn(recorder, recorder.temp('unwritten', [3]));
      expect(() => lifetimes(recorder.dispatches, recorder.planned, recorder.kept)).toThrow(
        /^toy\.(change|combine) reads unwritten before it is written\.$/,
      );
    }
  });

  it('leaves out dispatches without workgroups', () => {
    const recorder = new Recorder();
    recorder.dispatch(change, { ...once, tensors: { target: recorder.temp('x', [1]) }, workgroups: 0 });
    expect(recorder.dispatches).toEqual([]);
  });
});

describe('long one-dimensional grids', () => {
  it('are folded within 65,535 a side, with less than a row to spare', () => {
    for (const count of [1, 64, 65_535, 65_536, 65_537, 100_000, 131_070, 131_071, 10_000_019]) {
      const [x, y, z] = foldWorkgroups(count);
      expect(z).toBe(1);
      expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
      expect(x * y).toBeGreaterThanOrEqual(count);
      expect(x * y - count).toBeLessThan(y);
    }
    expect(foldWorkgroups([3, 4, 5])).toEqual([3, 4, 5]);
  });
});
