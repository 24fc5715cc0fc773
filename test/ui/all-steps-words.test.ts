import { describe, expect, it } from 'vitest';
import { type AnswerFilter, NO_FILTER } from '../../src/protocol/answer-search.ts';
import { allStepsAddress, askedFilter, askedOrder, noneLine } from '../../src/ui/rollouts/all-steps-words.ts';
import { clipLine, clipPoints, measuresOf } from '../../src/ui/rollouts/clip-words.ts';
import { greedyEval } from '../reference/eval-result.ts';

const filter: AnswerFilter = { ...NO_FILTER, search: 'a & b', label: 'sad', wrongOnly: true, cutOnly: true };

describe('a search of all answers', () => {
  it('says what was wanted where nothing passes', () => {
    expect(noneLine({ ...NO_FILTER, silentOnly: true }, 80_000)).toBe(
      'None of the run’s 80,000 answers is of a group without signal.',
    );
    expect(noneLine(filter, 80_000)).toBe(
      'None of the run’s 80,000 answers holds “a & b”, is to a clip of “sad”, is wrong and was cut short.',
    );
    expect(noneLine(NO_FILTER, 0)).toBe('The run has no answers yet.');
  });

  it('comes back from its address as it was', () => {
    for (const [wanted, order] of [
      [filter, { order: 'kl', rising: true }],
      [
        { ...NO_FILTER, silentOnly: true },
        { order: 'step', rising: false },
      ],
    ] as const) {
      const address = new URLSearchParams(`${new URLSearchParams(allStepsAddress(wanted, order))}`);
      expect(askedFilter(address)).toEqual(wanted);
      expect(askedOrder(address)).toEqual(order);
    }
    expect(askedOrder(new URLSearchParams('order=luck'))).toEqual({ order: 'step', rising: false });
  });
});

describe('a clip over all steps', () => {
  const visits = Array.from({ length: 8 }, (_, i) => ({
    step: 10 * (i + 1),
    answers: 4,
    right: i < 4 ? 1 : 4,
    reward: i,
  }));

  it('is told by its first and its last quarter, and by evaluations with both senses', () => {
    expect(clipLine(visits, [])).toBe(
      'drawn at 8 steps, 32 answers: 25 % right in its first 2 steps, 100 % in its last',
    );
    expect(clipLine(visits.slice(0, 1), [])).toBe('drawn once, at step 10: 25 % right');
    const before = greedyEval(['sad', 'happy'], ['happy', 'happy']);
    const after = { ...greedyEval(['sad', 'happy'], ['sad', 'happy']), step: 40 };
    const { exampleId } = before.clips[0]!;
    const measures = measuresOf([after, { ...after, mute: 'audio' }, before], exampleId);
    expect(measures.map(({ result, right }) => [result.step, right])).toEqual([
      [before.step, 0],
      [40, 1],
    ]);
    expect(clipLine([], measures)).toBe(
      `held out in 2 evaluations: 0 % right at step ${before.step}, 100 % at step 40`,
    );
    expect(measuresOf([after], 'other')).toEqual([]);
  });

  it('has a curve of few points that keeps its extremes', () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({
      step: i + 1,
      answers: 2,
      right: i === 777 ? 2 : 0,
      reward: 0,
    }));
    const points = clipPoints('right', many, []);
    expect(points.length).toBeLessThan(310);
    expect(points).toContainEqual({ step: 778, value: 1 });
    expect(points.at(-1)?.step).toBe(5000);
    expect(clipPoints('reward', visits, []).map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
