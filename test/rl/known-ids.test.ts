import { expect, it } from 'vitest';
import { InputError } from '../../src/math/errors.ts';
import { demandKnownIds } from '../../src/rl/rollout/known-ids.ts';

const example = (id: string, prompt: readonly number[], answer: readonly number[]) => ({
  id,
  prompt: { ids: Uint32Array.from(prompt) },
  answer: Uint32Array.from(answer),
});

it('ids beyond the embedding are refused by clip, before they can train as zeros', () => {
  const fine = example('a', [1, 99], [0, 5]);
  expect(() => demandKnownIds([fine], 100, 'tiny')).not.toThrow();
  const refused = (broken: ReturnType<typeof example>) => () => demandKnownIds([fine, broken], 100, 'tiny');
  expect(refused(example('b', [1, 100], [0]))).toThrow(InputError);
  expect(refused(example('b', [1, 100], [0]))).toThrow(
    `tiny: the prompt of clip "b" has the token 100, but the model's embedding has 100 rows (0 to 99).`,
  );
  expect(refused(example('c', [1], [7, 4000]))).toThrow('the answer of clip "c" has the token 4000');
});
