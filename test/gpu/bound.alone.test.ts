/** Kernels and structs of the host against what the shaders say of them. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { bindKernel, encodeUniforms, ShaderStruct } from '../../src/gpu/bound.ts';
import { Arena, Gpu, Plan, Recorder } from '../../src/gpu/index.ts';
import type { Kernel } from '../../src/gpu/kernel.ts';
import { PipelineCache } from '../../src/gpu/pipelines.ts';
import { composeShader, readSource, shaderNames } from '../../src/gpu/shaders.ts';
import { readInterface } from '../../src/gpu/wgsl.ts';
import { openTestDevice } from '../setup/adapter.ts';

const defined = vi.hoisted(() => new Set<Kernel>());
vi.mock('../../src/gpu/kernel.ts', async (original) => {
  const real = await original<typeof import('../../src/gpu/kernel.ts')>();
  const kept = <K extends Kernel>(kernel: K): K => {
    defined.add(kernel);
    return kernel;
  };
  return {
    ...real,
    updating: (...given: Parameters<typeof real.updating>) => kept(real.updating(...given)),
    kernelsOf: (...given: Parameters<typeof real.kernelsOf>) => {
      const define = real.kernelsOf(...given);
      return (...of: Parameters<typeof define>) => kept(define(...of));
    },
  };
});

const texts = import.meta.glob<string>('/src/{gpu,ops,optim,rl,decoder,families}/**/*.ts', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const modules = import.meta.glob('/src/{gpu,ops,optim,rl,decoder,families}/**/*.ts');

/** Kernels made here are none of the engine's. */
const { kernelsOf, updating } =
  await vi.importActual<typeof import('../../src/gpu/kernel.ts')>('../../src/gpu/kernel.ts');

/** Composes with a change to one shader's text. */
const changed = (shader: string, from: string | RegExp, to: string) => {
  const readFile = (name: string): string => {
    const text = readSource(name);
    if (name !== shader) return text;
    const other = text.replace(from, to);
    expect(other).not.toBe(text);
    return other;
  };
  return (name: string, defines = {}) => composeShader(name, defines, readFile);
};

const fill = kernelsOf('accumulate', ['count', 'value'])('fill', { writes: ['out'] });
const sum = kernelsOf('accumulate', ['count', 'value'])('sum', { reads: ['a', 'b'], writes: ['out'] });

describe('kernels', () => {
  beforeAll(async () => {
    const files = Object.keys(texts).filter((path) => texts[path]!.includes('kernelsOf('));
    await Promise.all(files.map((path) => modules[path]!()));
  });

  it('agree with their shaders, all of them', () => {
    const problems = [...defined].flatMap((kernel) => {
      try {
        bindKernel(kernel);
        return [];
      } catch (error) {
        return [(error as Error).message];
      }
    });
    expect(problems).toEqual([]);
  });

  it('are there for every entry point', () => {
    const entries = shaderNames().flatMap((name) =>
      Array.from(readSource(name).matchAll(/@compute[^{]*?\bfn\s+(\w+)/g), ([, entry]) => `${name}.${entry}`),
    );
    const named = new Set([...defined].map(({ shader, entry }) => `${shader}.${entry}`));
    expect(entries.filter((entry) => !named.has(entry))).toEqual([]);
    expect(entries.length).toBeGreaterThan(60);
  });
});

describe('a shader that is changed by itself', () => {
  const messageOf = (kernel: Kernel, compose: typeof composeShader): string => {
    try {
      bindKernel(kernel, compose);
    } catch (error) {
      return (error as Error).message;
    }
    return 'agrees';
  };

  it('gives the same numbers with its uniforms exchanged and a binding renumbered', async () => {
    const { device } = await openTestDevice();
    for (const compose of [
      composeShader,
      changed('accumulate', 'count: u32, value: f32', 'value: f32, count: u32'),
      changed('accumulate', '@binding(3)', '@binding(7)'),
    ]) {
      const gpu = new Gpu(device);
      Object.assign(gpu, { pipelines: new PipelineCache(device, compose) });
      const out = gpu.tensor('inputs', 'out', [5]);
      const recorder = new Recorder();
      recorder.dispatch(fill, { uniforms: { count: 4, value: 2.5 }, tensors: { out }, workgroups: 1 });
      using arena = new Arena(gpu, 'fill');
      using plan = await Plan.create(gpu, 'fill', recorder, arena);
      await plan.run();
      expect([...(await gpu.read(out))]).toEqual([2.5, 2.5, 2.5, 2.5, 0]);
      gpu.free(out);
    }
  });

  it('is told by name where a field is renamed, added or gone', () => {
    expect(messageOf(fill, changed('accumulate', 'value: f32', 'number: f32'))).toBe(
      'accumulate.fill and shaders/accumulate.wgsl disagree: of struct Uniforms, it has no "value", which the kernel names; the kernel does not name its "number".',
    );
    expect(messageOf(fill, changed('accumulate', 'value: f32', 'value: f32, more: u32'))).toMatch(
      /the kernel does not name its "more"/,
    );
    expect(messageOf(fill, changed('accumulate', ', value: f32', ''))).toMatch(/it has no "value"/);
  });

  it('is told by name where a buffer is renamed, used besides or not at all', () => {
    expect(messageOf(sum, changed('accumulate', /\bb: array/, 'c: array'))).toMatch(
      /the shader has no "b", which the kernel names. It has "u", "a", "c", "out"/,
    );
    const short = kernelsOf('accumulate', ['count', 'value'])('sum', { reads: ['a'], writes: ['out'] });
    expect(messageOf(short, composeShader)).toMatch(/the shader uses "b", which the kernel does not name/);
    const long = kernelsOf('accumulate', ['count', 'value'])('fill', { reads: ['a'], writes: ['out'] });
    expect(messageOf(long, composeShader)).toMatch(/the kernel names "a", which fill does not use/);
  });

  it('is told where the accesses disagree', () => {
    const reads = kernelsOf('accumulate', ['count', 'value'])('fill', { reads: ['out'] });
    expect(messageOf(reads, composeShader)).toMatch(
      /the kernel has "out" to read, but the shader as storage/,
    );
    const writes = kernelsOf('accumulate', ['count', 'value'])('sum', { reads: ['a'], writes: ['b', 'out'] });
    expect(messageOf(writes, composeShader)).toMatch(/has "b" to write, but the shader as read-only-storage/);
    expect(messageOf(updating(fill, 'out'), composeShader)).toBe('agrees');
  });

  it('is told where it has no such function, or no uniforms', () => {
    expect(messageOf({ ...fill, entry: 'none' }, composeShader)).toMatch(/has no function none/);
    expect(messageOf(fill, changed('accumulate', '@binding(0)', '@binding(9)'))).toMatch(
      /no var<uniform> at binding 0/,
    );
  });
});

describe('structs', () => {
  // The example of the WGSL specification, section "Structure Layout Rules".
  const { struct } = readInterface(
    'example',
    `
    struct A { u: f32, v: f32, w: vec2<f32>, x: f32 }   // a comment, with: commas
    struct B {
      a: vec2<f32>, b: vec3<f32>, c: f32, d: f32, e: A, f: vec3<f32>,
      g: array<A, 3>, h: i32,
    }
    struct Open { n: u32, rows: array<A> }
    struct Odd { x: Unknown }`,
  );

  it("lie as WGSL's rules have it", () => {
    const offsets = (name: string) => [...struct(name).fields.values()].map(({ offset }) => 4 * offset);
    expect(offsets('A')).toEqual([0, 4, 8, 16]);
    expect([struct('A').align, struct('A').words].map((words) => 4 * words)).toEqual([8, 24]);
    expect(offsets('B')).toEqual([0, 16, 28, 32, 40, 64, 80, 152]);
    expect([struct('B').align, struct('B').words].map((words) => 4 * words)).toEqual([16, 160]);
    expect(offsets('Open')).toEqual([0, 8]);
  });

  it('are encoded by the types of their fields', () => {
    const compose = changed(
      'accumulate',
      'count: u32, value: f32',
      'count: i32, value: f32, u: u32, f2: f32, i2: i32',
    );
    const names = ['u', 'value', 'i2', 'count', 'f2'] as const;
    const kernel = kernelsOf('accumulate', names)('fill', { writes: ['out'] });
    const { uniforms } = bindKernel(kernel, compose);
    const words = encodeUniforms(uniforms, { f2: -0.5, u: 0xffffffff, value: 1.5, count: -2, i2: 7 });
    expect(words.length).toBe(8);
    expect([...new Int32Array(words.buffer)].filter((_, at) => [0, 2, 4].includes(at))).toEqual([-2, -1, 7]);
    expect([...new Float32Array(words.buffer)].filter((_, at) => [1, 3].includes(at))).toEqual([1.5, -0.5]);
  });

  it('say by name what has no value and what has no field', () => {
    const stats = new ShaderStruct('adamw', 'Stats');
    expect([...new Float32Array(stats.encode({ skipped: 3, norm: 1, factor: 2 }).buffer)]).toEqual([1, 2, 3]);
    expect(() => stats.encode({ norm: 1, factor: 2 })).toThrow(
      /Stats\.skipped is undefined; expected a number/,
    );
    expect(() => stats.encode({ norm: 1, factor: 2, skipped: 3, more: 4 })).toThrow(
      /struct Stats has no field "more". It has "norm", "factor", "skipped"/,
    );
    expect(() => stats.offsetOf('more')).toThrow(/shaders\/adamw\.wgsl: struct Stats has no field "more"/);
  });

  it('have values of any number behind them, each in its place', () => {
    const controls = new ShaderStruct('sampling', 'Controls');
    expect([controls.words, controls.offsetOf('streams'), controls.strideOf('streams')]).toEqual([9, 9, 1]);
    const batch = new ShaderStruct('grpo_loss', 'Batch');
    expect([batch.words, batch.offsetOf('row'), batch.strideOf('row')]).toEqual([21, 21, 6]);
  });

  it('say which type they cannot place', () => {
    expect(() => struct('Odd')).toThrow(/shaders\/example\.wgsl: Unknown is no struct or known type/);
    expect(() => struct('None')).toThrow(/None is no struct or known type/);
  });
});
