/** Sequence classifiers against the published code: ids, and logits one by one and together. */
import { describe, expect, it } from 'vitest';
import { Classifier } from '../../src/classifiers/classifier.ts';
import { openClassifier } from '../../src/classifiers/open.ts';
import { holds } from '../../src/cli/parity/quantity.ts';
import { rewardModelQuantities } from '../../src/cli/parity/reward-model.ts';
import { readJson } from '../../src/io/files/files.ts';
import { relativeError, testGpu } from '../ops/harness.ts';
import { caseOf, changed } from './cases.ts';

describe('parity of a classifier', () => {
  it.each([
    ['bert', 30],
    ['roberta', 30],
    ['distilbert', 30],
    ['qwen2', 28],
  ])('holds every bound: %s', async (name, count) => {
    const quantities = await rewardModelQuantities(await caseOf(name), await testGpu());
    expect(quantities).toHaveLength(count);
    expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
  });
});

describe('a classifier', () => {
  it('reads the last token that is no padding, wherever the padding is', async () => {
    const gpu = await testGpu();
    const opened = await openClassifier(await caseOf('qwen2'));
    using classifier = await Classifier.load(gpu, opened);
    const [plain, padded, all] = await classifier.logits([
      [84, 67],
      [84, 67, 0, 0],
      [0, 0, 0],
    ]);
    expect(padded).toEqual(plain);
    const [first] = await classifier.logits([[0]]);
    expect(relativeError(all!, first!)).toBeLessThan(1e-5);
  });

  it('does not count padding inside a text among the positions of RoBERTa, which it may then be longer than', async () => {
    const gpu = await testGpu();
    using classifier = await Classifier.load(gpu, await openClassifier(await caseOf('roberta')));
    const [plain, gap] = await classifier.logits([
      [0, 69, 2],
      [0, 69, 1, 2],
    ]);
    // Padding is seen, so that the text is another one; its neighbours stand where they stood.
    expect(relativeError(gap!, plain!)).toBeGreaterThan(1e-3);
    expect(relativeError(gap!, plain!)).toBeLessThan(0.5);
  });

  it('refuses texts beyond its positions, and ids beyond its embedding', async () => {
    const gpu = await testGpu();
    const opened = await openClassifier(await caseOf('roberta'));
    expect(opened.mostTokens).toBe(64);
    using classifier = await Classifier.load(gpu, opened);
    await expect(classifier.logits([Array<number>(65).fill(5)])).rejects.toThrow(
      /65 tokens; expected at most 64/,
    );
    await expect(classifier.logits([[420]])).rejects.toThrow(/token 420; expected an id below 420/);
  });

  it('gives a text the same logits twice, and leaves no memory behind', async () => {
    const gpu = await testGpu();
    const before = gpu.ledger.total;
    const { rows } = (await readJson(await caseOf('bert'), 'case.json')) as { rows: { ids: number[] }[] };
    const texts = rows.map(({ ids }) => ids);
    {
      using classifier = await Classifier.load(gpu, await openClassifier(await changed('bert', {})));
      expect(await classifier.logits(texts)).toEqual(await classifier.logits(texts));
      expect(await classifier.logits([[]])).toEqual([undefined]);
    }
    expect(gpu.ledger.total).toBe(before);
  });
});
