import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WeightLoader } from '../../src/decoder/weights.ts';
import {
  bertAliases,
  bertFirstRows,
  freeBertTokens,
  openBert,
  packTexts,
  parseBertConfig,
  uploadBertTokens,
} from '../../src/families/humanomni/bert.ts';
import { memorySource } from '../../src/io/files/bytes.ts';
import { openSafetensors } from '../../src/io/tensors/safetensors.ts';
import { relativeError } from '../ops/harness.ts';
import { checkTraining, expectGolden, golden, observed, openTiny, type Tiny } from './tiny.ts';

let tiny: Tiny;
let ids: number[];
beforeAll(async () => {
  tiny = await openTiny();
  ids = Array.from(golden('bert_ids').values);
});
afterAll(() => {
  tiny.loader[Symbol.dispose]();
});

describe('BERT', () => {
  it('gives the first row of the golden checkpoint, whatever is packed beside it', async () => {
    const { gpu, files, loader } = tiny;
    const model = openBert(loader.open, parseBertConfig(files.towers.bert!.config));
    await loader.load();
    for (const [texts, row] of [
      [[ids], 0],
      [[[7, 8, 9], ids, [5]], 1],
    ] as const) {
      const tokens = uploadBertTokens(gpu, texts);
      const seen = await observed(gpu, (tape, observe) => {
        bertFirstRows(tape, model, tokens, observe);
      });
      const rows = seen.get('bert_cls')!;
      expect(rows.length).toBe(texts.length * 32);
      expectGolden('bert_cls', rows.slice(32 * row, 32 * (row + 1)));
      freeBertTokens(gpu, tokens);
    }
  });

  it('takes the copy in the main file before the one in a folder of its own', () => {
    const unused = tiny.loader.unused();
    expect(unused).toContain('bert.encoder.layer.0.attention.self.query.weight');
    expect(unused).toContain('model.bert_model.pooler.dense.weight');
    expect(unused).not.toContain('model.bert_model.encoder.layer.0.attention.self.query.weight');
  });

  it('is found in a folder of its own under the older names', async () => {
    const { gpu, files } = tiny;
    const bytes = readFileSync('test/golden/omni-tiny/bert/model.safetensors');
    const source = await openSafetensors(memorySource(bytes), 'bert/model.safetensors');
    using apart = new WeightLoader(gpu, [{ source, aliases: bertAliases }]);
    const model = openBert(apart.open, parseBertConfig(files.towers.bert!.config));
    await apart.load();
    const stored = await source.float32('bert.encoder.layer.1.output.LayerNorm.gamma');
    const loaded = await gpu.read(model.layers[1]!.outputNorm.weight);
    expect(relativeError(loaded, stored)).toBe(0);
    expect(apart.unused()).toEqual(['bert.pooler.dense.bias', 'bert.pooler.dense.weight']);
  });

  it('can be trained', async () => {
    const { gpu, files } = tiny;
    const config = parseBertConfig(files.towers.bert!.config);
    const tokens = uploadBertTokens(gpu, [ids, [3, 4, 3]]);
    await checkTraining(tiny, (tape, open) => bertFirstRows(tape, openBert(open, config), tokens));
    freeBertTokens(gpu, tokens);
  });

  it('refuses a text without tokens', () => {
    expect(() => packTexts([[1], []])).toThrow(/without tokens/);
  });
});
