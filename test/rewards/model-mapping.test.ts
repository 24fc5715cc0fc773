/** What a classifier's numbers become, each example worked out by hand. */
import { describe, expect, it, test } from 'vitest';
import {
  activated,
  ERV,
  FIRST_LOGIT,
  keptLabels,
  mafwLabel,
  mappedScore,
  type RewardMapping,
  targetOf,
  textsOf,
} from '../../src/rewards/model-mapping.ts';
import { reasoningAgreement } from '../../src/rewards/reasoning.ts';
import { readThinking, sentencesOf } from '../../src/rewards/sentences.ts';
import { processorTime } from '../setup/processor-time.ts';

/** As ERV's Python cuts them; of quotes it looks at those that follow. */
const PUBLISHED = /(?<=[.!?])\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/;

describe('sentences', () => {
  it.each([
    ['He smiles. He laughs!  Is he happy? Yes', ['He smiles.', 'He laughs!', 'Is he happy?', 'Yes']],
    ['He says "Stop. Now." and leaves. Then rain.', ['He says "Stop. Now." and leaves.', 'Then rain.']],
    ['An open " quote. And. more', ['An open " quote.', 'And.', 'more']],
    ['Before. an open " quote. after', ['Before. an open " quote.', 'after']],
    ['one line.\nnext line.', ['one line.', 'next line.']],
    ['3.5 is no end... but this is', ['3.5 is no end...', 'but this is']],
    ['  ', []],
    ['', []],
  ])('%j', (text, sentences) => {
    expect(sentencesOf(text)).toEqual(sentences);
    const published = text.split(PUBLISHED).map((part) => part.trim());
    expect(published.filter((part) => part !== '')).toEqual(sentences);
  });

  it('are cut in time that grows with the length', async () => {
    const long = '" a. '.repeat(20_000);
    const { value, milliseconds } = await processorTime(2000, () => sentencesOf(long));
    expect(value.length).toBeGreaterThan(1000);
    expect(milliseconds).toBeLessThan(2000);
  });

  it('are those of the first think block', () => {
    expect(readThinking('x<think> a. b </think><think>c</think>')).toBe('a. b');
    expect(readThinking('<think>never closed')).toBeUndefined();
    expect(textsOf('sentences', '<think>a. b.</think><answer>sad</answer>')).toEqual(['a.', 'b.']);
    expect(textsOf('thinking', '<answer>sad</answer>')).toEqual([]);
    expect(textsOf('answer', '<think>a</think><answer> sad </answer>')).toEqual(['sad']);
    expect(textsOf('completion', ' sad ')).toEqual([' sad ']);
  });
});

test('logits are taken as they are, each by itself, or against one another', () => {
  expect(activated('none', Float32Array.of(0.5, -1))).toEqual([0.5, -1]);
  expect(activated('sigmoid', [0, Math.log(3)]).map((of) => of.toFixed(6))).toEqual(['0.500000', '0.750000']);
  // exp: 1, 3 and 4 of 8.
  expect(activated('softmax', [0, Math.log(3), Math.log(4)]).map((of) => of.toFixed(6))).toEqual([
    '0.125000',
    '0.375000',
    '0.500000',
  ]);
  expect(activated('softmax', [1e4, 0])).toEqual([1, 0]);
});

test('a text keeps what is above the threshold, the two highest of more, the highest of none', () => {
  const kept = (...scores: number[]) => keptLabels(scores, ERV);
  expect(kept(0.05, 0.09, 0.1)).toEqual([2]);
  expect(kept(0.2, 0.05, 0.1)).toEqual([0]);
  expect(kept(0.2, 0.3, 0.1)).toEqual([1, 0]);
  expect(kept(0.2, 0.3, 0.9, 0.11)).toEqual([2, 1]);
  expect(keptLabels([0.5, 0.5], { threshold: null, topK: null })).toEqual([0, 1]);
  expect(keptLabels([0.5, 0.5], { threshold: null, topK: 1 })).toEqual([0]);
});

describe('the label that counts', () => {
  const labels = ['joy', 'anger', 'sadness'];

  it('is one by name or number, and one that the model has', () => {
    const of = (label: string | number) => targetOf({ ...FIRST_LOGIT, label }, null, labels);
    expect([of(0), of('sadness')]).toEqual([0, 2]);
    expect(() => of(3)).toThrow(/no label 3; expected a number below 3, or one of joy, anger, sadness/);
    expect(() => of('fear')).toThrow(/no label "fear"/);
  });

  it('is what the row says, by the map or by its name', () => {
    const mapping: RewardMapping = { ...FIRST_LOGIT, label: { byAnswer: { happy: 'joy' } } };
    const of = (answer: string | null) => targetOf(mapping, answer, labels);
    expect(of('<answer> Happiness. </answer>')).toBe(0);
    expect([of('angry'), of('Sad'), of(null)]).toEqual([1, 2, null]);
    expect(() => of('bored')).toThrow(/answer "bored" stands for no label/);
  });

  it("is ERV's class of a label of MAFW", () => {
    const emotions = Array.from({ length: 28 }, (_, id) => `LABEL_${id}`);
    const of = (answer: string) => targetOf(ERV, answer, emotions);
    expect(['Happy', 'angry', 'disgust', 'fear', 'sad', 'surprise', 'neutral'].map(of)).toEqual([
      17, 2, 11, 14, 25, 26, 27,
    ]);
    expect(['anxious', 'helpless', 'disappointed', '<answer>contemptuous\n</answer>'].map(of)).toEqual([
      19, 16, 9, 10,
    ]);
    expect(mafwLabel('very happy')).toBe('happiness');
    expect(() => of('bored')).toThrow(/stands for no label/);
  });
});

describe('the score of an answer', () => {
  const labels = ['joy', 'sadness', 'neutral'];
  /** Logits whose sigmoid is above 0.1 (2 and 1) or below (-9). */
  const [JOY, SAD, NEUTRAL, NONE] = [
    [2, -9, -9],
    [-9, 2, -9],
    [-9, -9, 2],
    [-9, -9, -8],
  ];
  const share: RewardMapping = { ...ERV, label: 0, neutral: 'neutral' };

  it('is the first logit, the mean of a label, or nothing where nothing was read', () => {
    expect(mappedScore(FIRST_LOGIT, [[0.25, 9]], 0, ['a', 'b'])).toBe(0.25);
    expect(mappedScore(FIRST_LOGIT, [[1], undefined, [2]], 0, ['a'])).toBe(1.5);
    expect(mappedScore(FIRST_LOGIT, [undefined], 0, ['a'])).toBeNull();
    expect(mappedScore(FIRST_LOGIT, [[1]], null, ['a'])).toBeNull();
  });

  it('is the share of sentences that agree; those of no emotion do not count unless none was meant', () => {
    // Joy of joy, sadness and neutral: one of the two that are not neutral alone.
    expect(mappedScore(share, [JOY!, SAD!, NEUTRAL!], 0, labels)).toBe(1 / 2);
    // Neutral of the same, and of one that nothing is above the threshold of: two of four.
    expect(mappedScore(share, [JOY!, SAD!, NEUTRAL!, NONE!], 2, labels)).toBe(2 / 4);
    // Neutral beside an emotion is not neutral alone.
    expect(mappedScore(share, [[1, -9, 2]], 0, labels)).toBe(1);
    // Nothing but neutral, and nothing at all.
    expect(mappedScore(share, [NEUTRAL!], 0, labels)).toBe(0);
    expect(mappedScore(share, [], 2, labels)).toBe(0);
  });
});

test('what thinking and answer say is counted in four cells', () => {
  const row = (gold: string, answered: string | null, judged: string | null) => ({ gold, answered, judged });
  const rows = [
    row('sad', 'sad', 'sad'),
    row('sad', 'sad', 'joy'),
    row('sad', 'joy', 'sad'),
    row('sad', 'joy', 'joy'),
    row('sad', 'joy', 'fear'),
    row('sad', null, 'sad'),
    row('sad', 'sad', null),
    row('sad', null, null),
  ];
  expect(reasoningAgreement(rows)).toEqual({
    n: 8,
    cells: { both: 1, answer: 1, thinking: 1, neither: 5 },
    eea: 2 / 8,
    epc: 2 / 8,
    fcr: 1 / 8,
  });
  expect(reasoningAgreement([])).toBeUndefined();
});
