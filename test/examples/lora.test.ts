/** The engine as a library: one LoRA step of a tiny decoder makes given tokens likelier; the weights themselves stay. */
import { expect, it } from 'vitest';
import { adaptedLinears, adapterNames, freshAdapters, type LoraConfig } from '../../src/decoder/lora.ts';
import { decode, linearShapes, openQwen2, QWEN2, type Qwen2Config } from '../../src/decoder/qwen2.ts';
import { layoutGroups, packRows } from '../../src/decoder/rows.ts';
import { Arena, Gpu, Plan, Tape, type Tensor } from '../../src/gpu/index.ts';
import { normal } from '../../src/math/random.ts';
import { embedding } from '../../src/ops/tokens/gather-rows.ts';
import { headLogProbs } from '../../src/ops/tokens/head.ts';
import { AdamW } from '../../src/optim/adamw.ts';
import { ParameterStore } from '../../src/optim/parameters.ts';
import { openTestDevice } from '../setup/adapter.ts';

const SIZES = { hiddenSize: 16, intermediateSize: 32, layers: 1, heads: 2, kvHeads: 2, headDim: 8 };
const REST = {
  vocabSize: 32,
  maxPositions: 16,
  rmsNormEps: 1e-6,
  ropeTheta: 10_000,
  tieWordEmbeddings: true,
};
const CONFIG: Qwen2Config = { ...QWEN2, ...SIZES, ...REST };
const LORA: LoraConfig = { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj'] };
/** One sequence; each token is to foretell the next. */
const IDS = Uint32Array.of(3, 1, 4, 1, 5, 9, 2, 6);
const NEXT = Uint32Array.of(1, 4, 1, 5, 9, 2, 6, 5);

it('takes one LoRA step: frozen weights, trained adapter', async () => {
  const { device, info } = await openTestDevice();
  const gpu = new Gpu(device, { info });
  const count = IDS.length;
  // The adapter is all that trains, so it alone lies in a store with gradients.
  const shapes = linearShapes(CONFIG);
  using adapter = new ParameterStore(
    gpu,
    freshAdapters(
      LORA,
      adaptedLinears(LORA, CONFIG.layers, (linear) => shapes[linear]),
      1,
    ),
  );
  using optimizer = new AdamW(gpu, adapter, { learningRate: 0.02 });
  const open = (name: string, shape: readonly number[]): Tensor => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const draw = (_: unknown, i: number): number =>
      shape.length === 1 ? 1 : 0.3 * normal(7, i, name.length);
    return gpu.upload('weights', name, shape, Float32Array.from({ length: size }, draw));
  };
  const adapterOf = (path: string) => {
    const { a, b } = adapterNames(path);
    return adapter.has(a)
      ? { a: adapter.get(a), b: adapter.get(b), scale: LORA.alpha / LORA.rank }
      : undefined;
  };
  const model = openQwen2(gpu, CONFIG, {
    open,
    openRows: (name, shape) => [open(name, shape)],
    adapter: adapterOf,
  });

  const u32 = (label: string, shape: readonly number[], data: Uint32Array): Tensor =>
    gpu.upload('inputs', label, shape, data, 'u32');
  const packed = packRows(layoutGroups([{ promptLength: count, completionLengths: [] }]), count);
  const rows = {
    positions: u32('positions', [count], packed.positions),
    spans: u32('spans', [count, 4], packed.spans),
    keySpans: u32('key spans', [count, 2], packed.keySpans),
  };

  // Record: embedding, layers, log-probabilities, their mean's gradient, the update.
  const tape = Tape.on(gpu);
  adapter.zeroGradients(tape.recorder);
  const x = embedding(tape, model.embedTokens, u32('ids', [count], IDS));
  const hidden = decode(tape, model, x, rows, { adapters: true });
  const one = gpu.upload('inputs', 'inverse temperature', [1], Float32Array.of(1));
  const { logProbs } = headLogProbs(tape, hidden, model.head, u32('next', [count], NEXT), one);
  const downhill = gpu.upload('inputs', 'gradient', [count], new Float32Array(count).fill(-1 / count));
  tape.backward([[logProbs, downhill]]); // of the loss -Σ log p / n
  optimizer.record(tape.recorder);
  tape.recorder.keep(logProbs);
  using arena = new Arena(gpu, 'lora');
  using plan = await Plan.create(gpu, 'lora', tape.recorder, arena);

  const lossAfter = async (): Promise<number> => {
    optimizer.setStep({});
    await plan.run();
    return -(await gpu.read(plan.output(logProbs))).reduce((sum, value) => sum + value, 0) / count;
  };
  const before = await lossAfter(); // of the weights before the step that it takes
  const embedded = await gpu.read(model.embedTokens[0]!);
  expect(await lossAfter()).toBeLessThan(before);
  expect(await gpu.read(model.embedTokens[0]!)).toEqual(embedded);
  device.destroy();
});
