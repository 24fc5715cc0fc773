import { describe, expect, it } from 'vitest';
import type { LabelCount } from '../../src/protocol/messages.ts';
import { fewNote, freeFormWarning, isFreeForm } from '../../src/ui/data/label-notes.ts';

const row = (label: string, count: number): LabelCount => ({
  label,
  count,
  splits: { train: count, val: 0, test: 0 },
  writtenAs: [],
});
const set = (labels: LabelCount[]) => ({
  kind: 'clips' as const,
  labels,
  count: labels.reduce((sum, { count }) => sum + count, 0),
});
const answers = set(Array.from({ length: 24 }, (_, i) => row(`The ${i}th one laughs`, 1)));
const classes = set([row('angry', 40), row('sad', 12)]);

describe('labels with few clips', () => {
  it('are named once for all of them', () => {
    expect(fewNote([row('a', 20)])).toBeUndefined();
    expect(fewNote(classes.labels)).toBe('⚠ sad has fewer than 15 clips: its recall will be noisy.');
    expect(fewNote(answers.labels)).toBe(
      '⚠ All 24 labels have fewer than 15 clips: their recall will be noisy.',
    );
    expect(fewNote([row('x', 99), ...answers.labels])).toMatch(/^⚠ 24 labels have/);
  });
});

describe('free answers as labels', () => {
  it('are told by labels of their own, or by sentences', () => {
    expect([answers, classes].map(isFreeForm)).toEqual([true, false]);
    expect(isFreeForm(set([row('a', 1), row('b', 1), row('c', 1)]))).toBe(false);
    expect(
      isFreeForm(set([row('she seems to be very angry', 30), row('nobody says anything at all', 9)])),
    ).toBe(true);
  });

  it('are no answers of a word each to questions, but sentences are', () => {
    const short = set(Array.from({ length: 24 }, (_, i) => row(String(i), 1)));
    const sentences = set(Array.from({ length: 24 }, (_, i) => row(`The ${i}th one laughs out loud`, 1)));
    expect([short, sentences].map((each) => isFreeForm({ ...each, kind: 'questions' }))).toEqual([
      false,
      true,
    ]);
    expect(isFreeForm(short)).toBe(true);
  });

  it('warn where no chosen reward fits them, and not where a run imitates them', () => {
    const warning = freeFormWarning(answers, { stage: 'grpo', rewards: ['accuracy', 'format'] });
    expect(warning).toContain('24 different ones on 24 clips): accuracy pays only for');
    expect(freeFormWarning(answers, { stage: 'grpo', rewards: ['format'] })).toContain('none of the chosen');
    expect(warning).toContain('such as rouge_l');
    for (const rewards of [
      ['rouge_l', 'format'],
      ['accuracy', 'my_own'],
    ]) {
      expect(freeFormWarning(answers, { stage: 'grpo', rewards })).toBeUndefined();
    }
    expect(freeFormWarning(answers, { stage: 'sft', rewards: ['accuracy'] })).toBeUndefined();
    expect(freeFormWarning(classes, { stage: 'grpo', rewards: ['accuracy'] })).toBeUndefined();
    expect(freeFormWarning(undefined, { stage: 'grpo', rewards: [] })).toBeUndefined();
  });
});
