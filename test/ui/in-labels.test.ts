import { expect, it } from 'vitest';
import { checkConfig, parseConfig } from '../../src/protocol/config.ts';
import { inLabels } from '../../src/ui/parts/in-labels.ts';
import { placeAfter } from '../../src/ui/parts/use-roving.ts';

it('messages call settings as the form does, and leave other words alone', () => {
  const config = { ...parseConfig({}), learningRate: 7 };
  expect(inLabels(checkConfig(config)[0]!.message)).toMatch(/^“Learning rate” is 7; expected a number/);
  expect(inLabels('steps is 0; expected more steps.')).toBe('“Steps” is 0; expected more steps.');
  expect(inLabels('trainDecoder is true and loraRank is 8.')).toMatch(
    /^“.*” is true and “LoRA rank” is 8\.$/,
  );
  expect(inLabels('The rewards and steps are a question of loss.')).toBe(
    'The rewards and steps are a question of loss.',
  );
  expect(inLabels('It gave no scores within 2 s, the rewardTimeLimit.')).toBe(
    'It gave no scores within 2 s, the “Time limit of own rewards”.',
  );
  expect(inLabels('The mapping has "topK".')).toBe('The mapping has "topK".');
  expect(inLabels('clips.csv line 14: label "learning" is none.')).toBe(
    'clips.csv line 14: label "learning" is none.',
  );
});

it('keys move inside a list and stop at its ends', () => {
  expect(['ArrowDown', 'j', 'ArrowUp', 'k', 'Home', 'End'].map((key) => placeAfter(key, 4, 6))).toEqual([
    5, 5, 3, 3, 0, 5,
  ]);
  expect([
    placeAfter('j', 5, 6),
    placeAfter('k', 0, 6),
    placeAfter('x', 1, 6),
    placeAfter('j', 0, 0),
  ]).toEqual([5, 0, undefined, undefined]);
});
