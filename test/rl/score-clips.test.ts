import { describe, expect, it } from 'vitest';
import { passRates, readClip, readEvalAnswer, scoreClips } from '../../src/rl/measure/score-clips.ts';

const LABELS = ['happy', 'sad', 'fear'];
const clip = (label: string, ...texts: string[]) => readClip({ id: label, label }, texts, LABELS);

describe('readEvalAnswer', () => {
  it.each([
    ['<think>a</think><answer>happy</answer>', 'happy', 'happy', 'happy'],
    ['<answer>\n sad \n</answer> and more', 'sad', 'sad', 'sad'],
    ['  fear ', null, 'fear', 'fear'],
    ['<answer>Happy.</answer>', 'Happy.', null, 'happy'],
    ['<answer>sadness</answer>', 'sadness', null, 'sad'],
    ['<answer>fearful</answer><answer>sad</answer>', 'fearful', null, 'fear'],
    ['<ANSWER>sad</ANSWER>', null, null, 'sad'],
    ['<answer>bored</answer>', 'bored', null, null],
    ['<think>happy', null, null, null],
    ['', null, null, null],
  ])('of %j', (text, answer, exact, tolerant) => {
    expect(readEvalAnswer(text, LABELS)).toEqual({ text, answer, exact, tolerant });
  });

  it('reads tolerantly whatever it reads exactly', () => {
    const text = '<Answer>sad</Answer><answer>happy</answer>';
    expect(readEvalAnswer(text, LABELS)).toMatchObject({ exact: 'happy', tolerant: 'happy' });
  });
});

describe('readClip', () => {
  it('takes the vote over the readings of each kind by itself', () => {
    const { exact, tolerant, answers } = clip('sad', 'happy', 'Sad.', 'sadness', 'bored');
    expect([exact, tolerant]).toEqual(['happy', 'sad']);
    expect(answers.map(({ text }) => text)).toEqual(['happy', 'Sad.', 'sadness', 'bored']);
  });
});

describe('scoreClips', () => {
  it('keeps exact and tolerant matching apart', () => {
    const clips = [clip('happy', 'happy'), clip('happy', 'Happy!'), clip('sad', 'sad'), clip('sad', 'none')];
    const result = scoreClips(clips, LABELS, 1);
    expect(result).toMatchObject({ n: 4, correct: 2, war: 0.5, uar: 0.5, unreadable: 2 });
    expect(result.tolerant).toEqual({ correct: 3, war: 0.75, uar: 0.75, unreadable: 1 });
    expect(result.confusion).toEqual({
      labels: LABELS,
      counts: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 0],
      ],
      unreadable: [1, 1, 0],
    });
    expect(result.clips).toEqual(clips);
  });

  it('repeats its intervals for the same seed', () => {
    const clips = Array.from({ length: 20 }, (_, i) => clip('sad', i % 3 ? 'sad' : 'happy'));
    const { interval, uarInterval, war } = scoreClips(clips, LABELS, 9);
    expect(interval![0]).toBeLessThan(war);
    expect(interval![1]).toBeGreaterThan(war);
    expect(scoreClips(clips, LABELS, 9)).toMatchObject({ interval, uarInterval });
  });
});

it('pass@k is the mean of the unbiased estimates of the clips', () => {
  const clips = [clip('sad', 'sad', 'sad', 'happy', 'happy'), clip('happy', 'sad', 'sad', 'sad', 'Happy')];
  const rates = passRates(clips, 4);
  expect(rates.map(({ k }) => k)).toEqual([1, 2, 4]);
  const [one, two, four] = rates.map(({ value }) => value);
  expect(one).toBeCloseTo((2 / 4 + 0) / 2, 12);
  expect(two).toBeCloseTo((1 - 1 / 6 + 0) / 2, 12);
  expect(four).toBeCloseTo((1 + 0) / 2, 12);
});
