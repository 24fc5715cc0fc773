import { describe, expect, it } from 'vitest';
import { type Kernel, kernelsOf } from '../../src/gpu/kernel.ts';
import { type Program, reachableProgram } from '../../src/gpu/reachable.ts';
import { Recorder } from '../../src/gpu/recorder.ts';
import type { Tensor } from '../../src/gpu/tensor.ts';
import { RandomStream } from '../reference/random-stream.ts';

const kernel = kernelsOf('toy', ['count']);
const combine = kernel('combine', { reads: ['a', 'b'], writes: ['out'] });
const change = kernel('change', { updates: ['target'] });

/** Dispatches are told apart by their uniforms. */
const numbered = (count: number) => ({ uniforms: { count }, workgroups: 1 });

function bufferTensor(label: string): Tensor {
  const buffer = { label } as GPUBuffer;
  return { label, shape: [1], dtype: 'f32', storage: { kind: 'buffer', buffer, offset: 0 } };
}

/** A random program over planned tensors and two buffers. */
function randomProgram(seed: number): Recorder {
  const random = new RandomStream(seed);
  const recorder = new Recorder();
  const buffers = [bufferTensor('first'), bufferTensor('second')];
  const alive: Tensor[] = [...buffers];
  for (let at = 0; at < 60; at++) {
    if (random.below(12) === 0) recorder.mark(`part ${at}`);
    const pick = (): Tensor => alive[random.below(alive.length)]!;
    if (random.below(6) === 0) {
      recorder.dispatch(change, { ...numbered(at), tensors: { target: pick() } });
      continue;
    }
    const planned = random.below(15) > 0;
    const out = planned ? recorder.temp(`t${at}`, [1]) : buffers[random.below(2)]!;
    recorder.dispatch(combine, { ...numbered(at), tensors: { a: pick(), b: pick(), out } });
    if (planned) alive.push(out);
    if (planned && random.below(12) === 0) recorder.keep(out);
  }
  return recorder;
}

const isWritten = ({ bindings }: Kernel, name: string): boolean =>
  ['write', 'update'].includes(bindings[name]!);

/** What lies in a tensor as the text of how it was computed, after the dispatches given have run. */
function run(dispatches: Program['dispatches'], kept: ReadonlySet<number>): string[] {
  const values = new Map<string, string>();
  const nameOf = ({ storage }: Tensor): string =>
    storage.kind === 'planned' ? `${storage.id}` : storage.buffer.label;
  for (const { kernel, tensors, uniforms } of dispatches) {
    const inputs = Object.entries(tensors)
      .filter(([name]) => kernel.bindings[name]! !== 'write')
      .map(([, tensor]) => values.get(nameOf(tensor)) ?? '-');
    // Texts of texts grow without end: a short hash of each will do.
    const made = [...`${uniforms.count}(${inputs})`].reduce(
      (hash, c) => (hash * 31n + BigInt(c.charCodeAt(0))) % (2n ** 61n - 1n),
      7n,
    );
    for (const [name, tensor] of Object.entries(tensors)) {
      if (isWritten(kernel, name)) values.set(nameOf(tensor), `${made}`);
    }
  }
  return ['first', 'second', ...[...kept].map(String)].map((name) => values.get(name) ?? '-');
}

describe('a live program', () => {
  it('leaves in kept tensors and buffers what the whole recording leaves there, on random programs', () => {
    let dropped = 0;
    for (let seed = 0; seed < 200; seed++) {
      const recorder = randomProgram(seed);
      const { dispatches } = reachableProgram(recorder);
      expect(run(dispatches, recorder.kept), `seed ${seed}`).toEqual(run(recorder.dispatches, recorder.kept));
      dropped += recorder.dispatches.length - dispatches.length;
    }
    expect(dropped).toBeGreaterThan(1000);
  });

  it('has no planned tensor that nobody reads', () => {
    for (let seed = 0; seed < 50; seed++) {
      const recorder = randomProgram(seed);
      const { dispatches } = reachableProgram(recorder);
      for (const [at, { kernel, tensors }] of dispatches.entries()) {
        const [[, out]] = Object.entries(tensors).filter(([name]) => isWritten(kernel, name)) as [
          [string, Tensor],
        ];
        const { storage } = out;
        if (storage.kind === 'buffer' || recorder.kept.has(storage.id)) continue;
        const readLater = dispatches
          .slice(at + 1)
          .some((later) =>
            Object.entries(later.tensors).some(
              ([name, tensor]) =>
                later.kernel.bindings[name]! !== 'write' &&
                tensor.storage.kind === 'planned' &&
                tensor.storage.id === storage.id,
            ),
          );
        expect(readLater, `seed ${seed}, dispatch ${at}`).toBe(true);
      }
    }
  });

  it('moves the marks with what is left', () => {
    const recorder = new Recorder();
    const outside = bufferTensor('outside');
    const combined = (label: string, a: Tensor): Tensor => {
      const out = recorder.temp(label, [1]);
      recorder.dispatch(combine, { ...numbered(0), tensors: { a, b: outside, out } });
      return out;
    };
    recorder.mark('rollout');
    const used = combined('used', outside);
    combined('unused', used);
    recorder.mark('loss');
    recorder.keep(combined('kept', used));
    const { dispatches, marks } = reachableProgram(recorder);
    expect(dispatches.map(({ tensors }) => tensors.out!.label)).toEqual(['used', 'kept']);
    expect(marks).toEqual([
      { first: 0, part: 'rollout' },
      { first: 1, part: 'loss' },
    ]);
  });
});
