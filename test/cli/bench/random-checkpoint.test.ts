import { describe, expect, it } from 'vitest';
import { randomHumanOmni, randomSafetensors } from '../../../src/cli/bench/random-checkpoint.ts';
import { inspectModel } from '../../../src/families/index.ts';
import { openSafetensors } from '../../../src/io/tensors/safetensors.ts';

const SHAPES = new Map([
  ['a', [3, 4]],
  ['b', [700_000, 2]],
]);

describe('weights that lie in no file', () => {
  it('read as small numbers, the same each time, in one piece or several', async () => {
    const source = await openSafetensors(randomSafetensors(SHAPES), 'random');
    expect(source.info('a')).toMatchObject({ dtype: 'BF16', shape: [3, 4] });
    const values = await source.float32('b');
    expect(values).toHaveLength(1_400_000);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(mean).toBeCloseTo(0, 3);
    expect(Math.sqrt(square)).toBeCloseTo(0.02, 3);
    const pieces: number[] = [];
    for await (const { bytes } of source.pieces('b', 1 << 20))
      pieces.push(...new Uint16Array(bytes.buffer).slice(0, 4));
    const again = await source.bytes('b');
    expect(pieces.slice(0, 4)).toEqual([...new Uint16Array(again.buffer).slice(0, 4)]);
    expect(pieces.slice(4, 8)).toEqual([...new Uint16Array(again.buffer).slice(1 << 19, (1 << 19) + 4)]);
  });

  it('make a checkpoint that has all the model opens, with the decoder asked for', async () => {
    const fields = { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 4 };
    const { config } = inspectModel(await randomHumanOmni({ ...fields, vocab_size: 512 }));
    expect(config.decoder).toMatchObject({
      hiddenSize: 64,
      layers: 2,
      heads: 4,
      headDim: 16,
      vocabSize: 512,
    });
    expect(inspectModel(await randomHumanOmni()).config.decoder).toMatchObject({
      hiddenSize: 896,
      layers: 24,
    });
  });
});
