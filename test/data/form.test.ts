import { expect, it } from 'vitest';
import { formOf } from '../../src/data/entry/form.ts';
import { clips, read } from './reading.ts';

const turns = [{ from: 'human', value: '<video>\n<audio>\nMood?' }];
const chat = [{ role: 'user', content: 'Mood?' }];

it.each([
  ['Label Studio', { id: 1, data: { video: 'a.mp4' }, annotations: [] }],
  ['verl', { prompt: chat, reward_model: { ground_truth: '4' } }],
  ['HumanOmniV2', { problem: 'Moods?', problem_type: 'emer_ov', clean_list: ['sad'], path: 'a.mp4' }],
  ['Video-R1', { problem: 'Mood?', problem_type: 'free-form', solution: 'sad', path: './a.mp4' }],
  ['LLaMA-Factory', { conversations: turns, videos: ['a.mp4'] }],
  ['R1-Omni', { video: 'a.mp4', conversations: turns }],
  ['LLaVA', { id: '1', image: 'a.jpg', conversations: turns }],
  ['ShareGPT', { conversations: turns }],
  ['ms-swift', { messages: chat, videos: ['a.mp4'], solution: 'sad' }],
  ['TRL', { prompt: chat, solution: '4' }],
  ['Alpaca', { instruction: 'Add.', input: '1 2', output: '3' }],
  ['R1-V', { image: { path: 'a.jpg' }, problem: 'How many?', solution: '3' }],
  [undefined, { path: 'a.mp4', label: 'sad' }],
] as const)('%s is told by its keys', (name, item) => {
  expect(formOf(['no object', item])).toBe(name);
});

it('stands before what the file is', async () => {
  const row = { messages: [{ role: 'user', content: '<video>Mood?' }], videos: ['a.mp4'], solution: 'sad' };
  const data = await read({ 'list.jsonl': JSON.stringify(row), ...clips('a.mp4') });
  expect(data.format).toMatch(/^ms-swift JSON Lines/);
  expect((await read({ 'labels.json': '[{"path":"a.mp4","label":"sad"}]', ...clips('a.mp4') })).format).toBe(
    'JSON',
  );
});
