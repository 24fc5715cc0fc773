import { expect, it } from 'vitest';
import { withoutTexts } from '../../src/protocol/evaluation.ts';
import { predictionLines } from '../../src/protocol/predictions.ts';
import { evalResult, openEval, tagged } from '../reference/eval-result.ts';

it('of labels says exact and tolerant matching, an answer a line', () => {
  const labels = ['happy', 'sad'];
  const result = evalResult([{ label: 'sad', texts: [tagged('Sad.'), 'sad'] }], labels, {
    ...{ question: 'Which emotion?', step: 7, mute: 'audio' },
  });
  expect(predictionLines(result)).toEqual(
    [
      { prediction: tagged('Sad.'), extracted: 'sad', scores: { exact: 0, tolerant: 1 }, index: 0 },
      { prediction: 'sad', extracted: 'sad', scores: { exact: 1, tolerant: 1 }, index: 1 },
    ].map((line) => ({
      ...{ id: 'clip-0', question: 'Which emotion?', answer: 'sad', split: 'test', step: 7 },
      ...{ temperature: 1, without: 'audio' },
      ...line,
    })),
  );
});

it('of other rows says the score by its metric, and each row’s own question', () => {
  const result = openEval([
    { kind: 'number', gold: '42', said: ['it is 41'] },
    { kind: 'rouge_l', gold: 'a b', said: ['a b'] },
  ]);
  const clips = result.clips.map((clip, i) => ({ ...clip, question: `What of ${i}?` }));
  const lines = predictionLines({ ...result, clips });
  expect(lines).toEqual([
    {
      ...{ id: 'clip-0', question: 'What of 0?', answer: '42', prediction: tagged('it is 41') },
      ...{ extracted: '41', scores: { number: 0 }, split: 'test', step: 0 },
    },
    {
      ...{ id: 'clip-1', question: 'What of 1?', answer: 'a b', prediction: tagged('a b') },
      ...{ extracted: 'a b', scores: { rouge_l: 1 }, split: 'test', step: 0 },
    },
  ]);
  const [light] = predictionLines(withoutTexts({ ...result, clips }));
  expect(light).toMatchObject({ question: null, prediction: null, extracted: '41' });
});
