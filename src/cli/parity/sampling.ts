/** The quantities of a sampling folder: probabilities behind penalty, temperature and filters. */
import { Arena, type Gpu, Plan, Recorder } from '../../gpu/index.ts';
import { type FileTree, readJson } from '../../io/files/files.ts';
import type { TensorSource } from '../../io/tensors/safetensors.ts';
import { InputError } from '../../math/errors.ts';
import { encodeControls, filteredProbabilities, type SamplingSettings } from '../../ops/tokens/sampling.ts';
import { needArrays } from './arrays.ts';
import { numberOf, recordList } from './loss-cases.ts';
import { activation, type Quantity } from './quantity.ts';

const OFF: SamplingSettings = {
  repetitionPenalty: 1,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 0,
  step: 0,
};
const NAMES: Readonly<Record<string, keyof SamplingSettings>> = {
  repetition_penalty: 'repetitionPenalty',
  temperature: 'temperature',
  top_k: 'topK',
  top_p: 'topP',
  min_p: 'minP',
};

function settingsOf(entry: Record<string, unknown>, where: string): SamplingSettings {
  const given = Object.entries(entry)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => {
      const name = NAMES[key];
      if (!name)
        throw new InputError(`${where}: ${key} is not one of the filters ${Object.keys(NAMES).join(', ')}.`);
      return [name, numberOf(value, `${where}: ${key}`)] as const;
    });
  return { ...OFF, ...Object.fromEntries(given) };
}

/** All quantities of one case folder. */
export async function samplingQuantities(tree: FileTree, gpu: Gpu): Promise<Quantity[]> {
  const arrays = await needArrays(tree, 'case.safetensors');
  const entries = recordList((await readJson(tree, 'case.json')).cases, `${tree.name}/case.json: cases`);
  const quantities: Quantity[] = [];
  for (const [index, entry] of entries.entries()) {
    const settings = settingsOf(entry, `${tree.name}/case.json, case ${index}`);
    const reference = await arrays.float32(`probabilities.${index}`);
    const name = `probabilities ${index} ${Object.entries(entry)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(' ')}`;
    quantities.push(activation(name, await probabilities(gpu, arrays, settings), reference));
  }
  return quantities;
}

async function probabilities(
  gpu: Gpu,
  arrays: TensorSource,
  settings: SamplingSettings,
): Promise<Float32Array> {
  const [rows, vocabulary] = arrays.info('logits').shape as [number, number];
  const previous = arrays.has('previous_ids') ? await arrays.integers('previous_ids') : [];
  const drawn = previous.length / rows;
  const width = Math.max(1, drawn);
  const words = encodeControls(settings, rows);
  const history = new Uint32Array(rows * width);
  history.set(previous);
  const logits = gpu.upload('inputs', 'logits', [rows, vocabulary], await arrays.float32('logits'));
  const state = {
    controls: gpu.upload('inputs', 'controls', [words.length], words, 'u32'),
    history: gpu.upload('inputs', 'previous ids', [rows, width], history, 'u32'),
    lengths: gpu.upload('inputs', 'lengths', [rows], new Uint32Array(rows).fill(drawn), 'u32'),
  };
  const recorder = new Recorder();
  const output = recorder.keep(filteredProbabilities(recorder, logits, state));
  using arena = new Arena(gpu, 'sampling case');
  using plan = await Plan.create(gpu, 'sampling case', recorder, arena);
  await plan.run();
  const values = (await gpu.read(plan.output(output))).slice(0, rows * vocabulary);
  gpu.free(logits, ...Object.values(state));
  return values;
}
