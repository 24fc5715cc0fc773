/** Every entry point of every shader compiles under every set of definitions that the code may give it. */
import { describe, expect, it, vi } from 'vitest';
import { PLAIN } from '../src/gpu/index.ts';
import { composeShader, type Defines, libraryNames, readSource, shaderNames } from '../src/gpu/shaders.ts';
import { variantOf } from '../src/ops/attention/attention-variants.ts';
import { VARIANTS, type Variant } from '../src/ops/tuning/variants.ts';
import { grpoStep } from '../src/rl/step.ts';
import { testGpu } from './ops/harness.ts';
import { openRun } from './reference/tiny-run.ts';
import { openCheckingDevice } from './setup/checking-device.ts';

const FORMATS = [0, 1, 2, 3, 4];

/** What a matmul may do to its sums, in any combination. */
const FINISH = ['ACCUMULATE', 'WITH_BIAS', 'WITH_ADDEND', 'WITH_GATE'] as const;
const FINISHES = Array.from({ length: 2 ** FINISH.length }, (_, set) =>
  FINISH.filter((_, bit) => (set >> bit) % 2 === 1),
);

const loads = (format: number, finish: readonly string[] = []): Defines => ({
  WEIGHT_FORMAT: format,
  B_LOAD: format === 0 ? 'vec4<u32>' : 'vec2<u32>',
  ...Object.fromEntries(FINISH.map((name) => [name, finish.includes(name)])),
});
const byRow = { A_BY_DEPTH: false, B_BY_COLUMN: false };
const byColumn = { A_BY_DEPTH: false, B_BY_COLUMN: true };
const byDepth = { A_BY_DEPTH: true, B_BY_COLUMN: false };

/** A·Bᵀ, A·B and Aᵀ·B; only activations are the second factor of the last. Every finish of f32, none and all of other formats. */
const MATMUL: Defines[] = [
  ...[byColumn, byRow].flatMap((layout) => [
    ...FINISHES.map((finish) => ({ ...loads(0, finish), ...layout })),
    ...FORMATS.slice(1).map((format) => ({ ...loads(format), ...layout })),
    { ...loads(1, FINISH), ...layout },
  ]),
  { ...loads(0), ...byDepth },
  { ...loads(0, ['ACCUMULATE']), ...byDepth },
];

type Formats = readonly [formats: readonly number[], norms: readonly boolean[]];
/** GEMVs of a decode step: weight formats, with and without a norm. */
const GEMVS: Readonly<Record<string, Formats>> = {
  decode_project: [
    [0, 1, 4],
    [true, false],
  ],
  decode_project_adapted: [[0, 1, 4], [true]],
  decode_residual: [[0, 2, 3], [false]],
  decode_swiglu: [[0, 1, 3], [true]],
};

/** Every format by threads and workgroups; subgroups read formats alike. */
function gemvDefines([formats, norms]: Formats, variant: Variant, SUBGROUP: number): Defines[] {
  const layouts: Partial<Record<Variant, Defines[]>> = {
    thread: [{ ROWS: 8 }],
    workgroup: [{ ROWS: 1, LANES: 64 }],
    subgroup: [1, 8].map((ROWS) => ({ ROWS, LANES: 64, SUBGROUP })),
  };
  return (variant === 'subgroup' ? formats.slice(0, 1) : formats).flatMap((WEIGHT_FORMAT) =>
    norms.flatMap((NORM) => (layouts[variant] ?? []).map((layout) => ({ WEIGHT_FORMAT, NORM, ...layout }))),
  );
}

/** Compiled for a second each: a finish alone is the same function in matmul. */
const WITHOUT_OR_WITH_ALL = MATMUL.filter((defines) => {
  const given = FINISH.filter((name) => defines[name]);
  return given.length === 0 || given.length === FINISH.length;
});
/** Two sides read every format as one does. */
const BY_WORKGROUPS: Defines[] = WITHOUT_OR_WITH_ALL.flatMap((defines) =>
  (defines.WEIGHT_FORMAT === 0 ? [1, 2] : [1]).map((SIDES) => ({ ...defines, SIDES })),
);
/** Weights of 16 bits lie in workgroup memory as f16. */
const BY_F16_WORKGROUPS: Defines[] = WITHOUT_OR_WITH_ALL.filter(({ WEIGHT_FORMAT }) =>
  [1, 2].includes(Number(WEIGHT_FORMAT)),
).flatMap((defines) => [1, 2].map((SIDES) => ({ ...defines, SIDES })));

/** Vectors of a head; these stand for all up to 32. */
const HEADS: Defines[] = [1, 4, 16, 32].map((VECS) => ({ VECS }));

/** Definitions by shader that has one variant; a shader that is not named takes none. */
const DEFINES: Readonly<Record<string, readonly Defines[]>> = {
  attention_sums: HEADS,
  elementwise: [0, 1, 2, 3, 4].map((ACTIVATION) => ({ ACTIVATION })),
  gather_rows: FORMATS.map((WEIGHT_FORMAT) => ({ WEIGHT_FORMAT })),
  matmul_reduce: FINISHES.map((finish) => ({ ...loads(0, finish), ...byRow })),
  sampling: [
    { LANES: 64, AHEAD: 4 },
    { LANES: 256, AHEAD: 4 },
    { LANES: 256, AHEAD: 8 },
  ],
};

const entryPoints = (name: string): string[] =>
  [...readSource(name).matchAll(/@compute[^{]*?\bfn\s+(\w+)/g)].map(([, entry]) => entry!);

/** Subgroups have as many lanes as the device gives them; eight rows stand for sixteen. */
const bySubgroups = (lanes: number): Defines[] =>
  MATMUL.flatMap((defines) =>
    (lanes < 8 ? [1, 2] : [1]).map((QUADS) => ({ ...defines, LANES: lanes, ROWS: 8, QUADS })),
  );

/** Teams as the device's lanes make them, and the largest teams. */
const byTeams = (lanes: number): Defines[] => [
  ...[16, 32, 64].flatMap((headDim) => {
    const { forward, backward } = variantOf(
      { ...PLAIN, lanes, variants: { attention: 'subgroup' } },
      headDim,
    );
    return [forward.defines, backward.defines];
  }),
  { VECS: 32, LANES: 32, TEAM: 16, OWN: 4 },
];

/** Definitions of a variant's kernel on a device with subgroups of that many lanes; undefined where none are listed. */
function variantDefines(kernel: string, variant: Variant, lanes: number): readonly Defines[] | undefined {
  const gemv = GEMVS[kernel];
  if (gemv) return gemvDefines(gemv, variant, lanes);
  const kernels: Readonly<Record<string, Partial<Record<Variant, readonly Defines[]>>>> = {
    matmul: {
      thread: MATMUL,
      subgroup: bySubgroups(lanes),
      workgroup: BY_WORKGROUPS,
      'workgroup-f16': BY_F16_WORKGROUPS,
    },
    attention: { thread: HEADS, 'thread-unrolled': HEADS, subgroup: byTeams(lanes) },
    decode_attention: { thread: [{}], workgroup: [{}], subgroup: [{ VECS: 4, SUBGROUP: lanes }] },
  };
  return kernels[kernel]?.[variant];
}

/** The table's rows as shader, and the subgroups that each needs. */
const VARIANT_SHADERS = VARIANTS.flatMap(({ kernels, variant, lanes = 0 }) =>
  kernels.map((kernel) => ({ shader: `${kernel}/${variant}`, kernel, variant, needs: lanes })),
);

/** Definitions on a device with subgroups of that many lanes. */
function definesOf(name: string, lanes: number): readonly Defines[] {
  const row = VARIANT_SHADERS.find(({ shader }) => shader === name);
  if (!row) return DEFINES[name] ?? [{}];
  return row.needs > lanes ? [] : (variantDefines(row.kernel, row.variant, lanes) ?? []);
}

/** SwiftShader, lavapipe, and GPUs. */
const LANES = [4, 8, 32];

/** Each set of definitions once, whatever devices ask for it. */
function allDefinesOf(name: string): Defines[] {
  const all = LANES.flatMap((lanes) => definesOf(name, lanes));
  return [...new Map(all.map((defines) => [JSON.stringify(defines), defines])).values()];
}

describe('shaders', () => {
  it.each(shaderNames())('%s compiles under all its definitions', async (name) => {
    const device = await openCheckingDevice();
    const entries = entryPoints(name);
    expect(entries.length).toBeGreaterThan(0);
    expect(allDefinesOf(name).length, `definitions of ${name}`).toBeGreaterThan(0);
    for (const defines of allDefinesOf(name)) {
      const what = `${name} ${JSON.stringify(defines)}`;
      const module = device.createShaderModule({ label: what, code: composeShader(name, defines).code });
      const { messages } = await module.getCompilationInfo();
      expect(
        messages.map(({ message, type }) => `${type}: ${message}`),
        what,
      ).toEqual([]);
      device.pushErrorScope('validation');
      // A layout made from the code is enough to have it compiled; plans are checked against theirs elsewhere.
      for (const entryPoint of entries) {
        device.createComputePipeline({ label: what, layout: 'auto', compute: { module, entryPoint } });
      }
      expect(await device.popErrorScope()).toBeNull();
    }
  });

  it('have a row of the table for each file in the room of an operation, and a file for each row', () => {
    const inRooms = shaderNames().filter((name) => name.includes('/'));
    expect(inRooms.toSorted()).toEqual(VARIANT_SHADERS.map(({ shader }) => shader).toSorted());
  });

  it('include libraries by their names alone, whatever the definitions are', () => {
    const files = [...shaderNames(), ...libraryNames()];
    const lines = files.flatMap((name) => readSource(name).match(/^\s*\/\/!.*$/gm) ?? []);
    expect(lines.length).toBeGreaterThan(50);
    for (const line of lines) {
      const [, library] = /^\/\/! include (\w+)$/.exec(line) ?? [];
      expect(libraryNames(), line).toContain(`lib/${library}`);
    }
  });

  it('name formula, shapes and entry points: each file says at its top what it is', () => {
    for (const name of shaderNames()) expect(readSource(name).split('\n')[0], name).toMatch(/^\/\/ \S/);
  });

  it('are asked for under no other definitions by a training step', async () => {
    const gpu = await testGpu();
    using get = vi.spyOn(gpu.pipelines, 'get');
    using run = await openRun(gpu, {
      trainProjectors: false,
      trainGate: false,
      loraRank: 2,
      maxCompletionLength: 2,
    });
    await grpoStep(run.context, run.examples.slice(0, 2), 0);
    const asked = new Map<string, Defines>();
    for (const [kernel, { defines = {} } = {}] of get.mock.calls) {
      expect(entryPoints(kernel.shader)).toContain(kernel.entry);
      asked.set(`${kernel.shader} ${JSON.stringify(defines)}`, defines);
    }
    expect(asked.size).toBeGreaterThan(15);
    for (const [key, defines] of asked) {
      // Eight rows stand for all numbers of rows.
      const tried = 'ROWS' in defines ? { ...defines, ROWS: 8 } : defines;
      expect(definesOf(key.split(' ')[0]!, gpu.traits.lanes), key).toContainEqual(tried);
    }
  });
});
