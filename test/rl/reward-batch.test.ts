import { expect, test } from 'vitest';
import type { Example, Medium } from '../../src/data/types.ts';
import type { TrainerState } from '../../src/rewards/contract.ts';
import { rewardBatch, rewardRow } from '../../src/rl/objective/reward-batch.ts';

const STATE: TrainerState = {
  ...{ global_step: 0, max_steps: 2, epoch: 0, num_input_tokens_seen: 0 },
  ...({ is_local_process_zero: true, is_world_process_zero: true } as const),
};

const medium = (kind: Medium['kind']): Medium => ({ path: `a.${kind}`, kind, files: [] });

function example(over: Partial<Example> = {}): Example {
  return {
    ...{ id: 'data.jsonl:1', label: 'happy', writtenLabel: 'Happiness', question: 'Which?', answer: 'happy' },
    ...{ speaker: null, split: 'train', media: [], ...over },
  };
}

test('a row brings every column as it is written, and the studio’s reading where there is none of such a name', () => {
  const columns = {
    label: 'Happiness',
    options: ['A', 'B'],
    prompt: 'taken',
    completion_ids: [1],
    extra: null,
  };
  expect(rewardRow({ content: 'Which?' }, example({ columns })).columns).toEqual({
    ...{ id: 'data.jsonl:1', label: 'Happiness', solution: 'happy', answer: 'happy', question: 'Which?' },
    ...{ split: 'train', options: ['A', 'B'], extra: null },
  });
});

test('a prompt is its chat in words, with what is shown and played as parts of the first question', () => {
  const chat = {
    content: '<|vision_start|><|video_pad|><|vision_end|>Which?',
    system: 'Be brief.',
    turns: [
      { role: 'user', content: '<vi_start><video><vi_end>\nBefore?' },
      { role: 'assistant', content: 'Yes.' },
    ] as const,
  };
  expect(rewardRow(chat, example({ media: [medium('video'), medium('audio')] })).prompt).toEqual([
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [{ type: 'video' }, { type: 'audio' }, { type: 'text', text: 'Before?' }],
    },
    { role: 'assistant', content: 'Yes.' },
    { role: 'user', content: 'Which?' },
  ]);
  expect(rewardRow({ content: 'Which?' }, example()).prompt).toEqual([{ role: 'user', content: 'Which?' }]);
});

test('a batch has an entry for each completion in every list, and null where a row lacks a column', () => {
  const rows = [
    { label: 'a', row: { prompt: [{ role: 'user', content: 'one' }], columns: { id: '1', level: 3 } } },
    { label: 'b', row: { prompt: [{ role: 'user', content: 'two' }], columns: { id: '2' } } },
  ];
  const answer = (text: string, ids: number[]) => ({ text, ids: Uint32Array.from(ids) });
  const groups = [
    [answer('x', [1]), answer('y', [2, 3])],
    [answer('z', []), answer('', [4])],
  ];
  const batch = rewardBatch(rows, groups, STATE);
  expect(batch).toEqual({
    prompts: [0, 0, 1, 1].map((at) => rows[at]!.row.prompt),
    completions: ['x', 'y', 'z', ''],
    completion_ids: [[1], [2, 3], [], [4]],
    columns: { id: ['1', '1', '2', '2'], level: [3, 3, null, null] },
    labels: ['a', 'a', 'b', 'b'],
    trainer_state: STATE,
  });
  expect(JSON.parse(JSON.stringify(batch))).toEqual(structuredClone(batch));
});

test('rows that nothing is known of but their label make a batch too', () => {
  const batch = rewardBatch([{ label: 'a' }], [[{ text: 'x', ids: [1] }]], STATE);
  expect([batch.prompts, batch.columns, batch.labels]).toEqual([[[]], {}, ['a']]);
});
