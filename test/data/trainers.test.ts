/** Rows as the trainers' own documents write them (their forms and fields as in the repositories named), read into one. */
import { describe, expect, it, test } from 'vitest';
import { clips, lines, read, rowsIn } from './reading.ts';

const FILES = clips('a.mp4', 'b.mp4', 'a.wav', 'b.wav', 'a.jpg', 'b.jpg', 'f1.jpg', 'f2.jpg', 'c.png');
const human = (value: string) => ({ from: 'human', value });
const gpt = (value: string) => ({ from: 'gpt', value });
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });

/** A row, what it is read as, the same row broken, and what is said of that. */
interface Form {
  readonly row: object;
  readonly said: object;
  readonly broken: object;
  readonly problem: RegExp;
}

const FORMS: Readonly<Record<string, Form>> = {
  'R1-Omni, the cold start': {
    row: {
      video: 'a.mp4',
      conversations: [
        human('<video>\n<audio>\nWhich emotion?'),
        gpt('<think>Tears.</think>\n<answer>sad</answer>'),
      ],
    },
    said: {
      media: [{ path: 'a.mp4' }],
      question: 'Which emotion?',
      label: 'sad',
      answer: '<think>Tears.</think>\n<answer>sad</answer>',
    },
    broken: { video: 'a.mp4', conversations: [human('<video>\n<audio>\n<audio>\nWhich?'), gpt('sad')] },
    problem: /2 <audio>, but the row names 0 audios/,
  },
  'picture and sound of two files': {
    row: { video: 'a.mp4', audio: 'b.wav', label: 'sad' },
    said: { media: [{ path: 'a.mp4' }, { path: 'b.wav', kind: 'audio' }], question: null, label: 'sad' },
    broken: { video: 'a.mp4', audio: 'b.wav' },
    problem: /^No label/,
  },
  'Video-R1': {
    row: {
      ...{ problem_id: 7, problem: 'Mood?', data_type: 'video', problem_type: 'multiple choice' },
      ...{
        options: ['A. Sad', 'B. Calm'],
        solution: '<answer>A</answer>',
        path: './a.mp4',
        data_source: 'X',
      },
    },
    said: { media: [{ path: './a.mp4' }], question: 'Mood?', label: 'A', answer: '<answer>A</answer>' },
    broken: { problem: 'Mood?', data_type: 'video', solution: '<answer></answer>', path: './a.mp4' },
    problem: /the label is empty/,
  },
  'Video-R1, the cold start': {
    row: {
      ...{ problem: 'Mood?', data_type: 'image', problem_type: 'free-form', path: './a.jpg' },
      ...{ process: '<think>Tears.</think>', solution: '<answer>sad</answer>' },
    },
    said: {
      media: [{ path: './a.jpg', kind: 'image' }],
      label: 'sad',
      answer: '<think>Tears.</think>\n<answer>sad</answer>',
    },
    broken: { problem: 'Mood?', data_type: 'image', path: './a.jpg', process: '<think>Tears.</think>' },
    problem: /^No label/,
  },
  'R1-V, for training': {
    row: {
      image: { bytes: '..', path: 'a.jpg' },
      problem: 'How many items?',
      solution: '<answer> 3 </answer>',
    },
    said: {
      ...{ media: [{ path: 'a.jpg', kind: 'image' }], question: 'How many items?', label: '3' },
      answer: '<answer> 3 </answer>',
    },
    broken: { image: { bytes: '..', path: null }, problem: 'How many?', solution: '<answer> 3 </answer>' },
    problem: /Its image stands in the row itself, without a path/,
  },
  'R1-V, for evaluation': {
    row: { image_path: 'a.jpg', question: 'How many?', ground_truth: 3, category: 'counting' },
    said: { media: [{ path: 'a.jpg', kind: 'image' }], question: 'How many?', label: '3', answer: '3' },
    broken: { image_path: 'a.jpg', question: 'How many?', ground_truth: null },
    problem: /^No label/,
  },
  'HumanOmniV2, of a video': {
    row: {
      ...{
        problem: 'Moods?',
        problem_type: 'emer_ov_mc',
        options: ['A. Calm', 'B. Sad'],
        data_type: 'video',
      },
      ...{
        solution: '<context>x</context><think>y</think><answer>B</answer>',
        answer: 'B',
        clean_list: ['Sad'],
      },
      ...{ video: 'a.mp4', path: 'a.mp4' },
    },
    said: {
      ...{ media: [{ path: 'a.mp4' }], question: 'Moods?', label: 'B' },
      answer: '<context>x</context><think>y</think><answer>B</answer>',
    },
    broken: { problem: 'Moods?', answer: 'B', path: { image: { bytes: '..' }, audio: 'a.wav' } },
    problem: /Its image stands in the row itself/,
  },
  'HumanOmniV2, of a picture and a sound': {
    row: { problem: 'Mood?', answer: 'sad', data_type: 'image', path: { image: 'a.jpg', audio: 'a.wav' } },
    said: {
      media: [
        { path: 'a.jpg', kind: 'image' },
        { path: 'a.wav', kind: 'audio' },
      ],
      ...{ question: 'Mood?', label: 'sad' },
    },
    broken: { problem: 'Mood?', data_type: 'image', path: { image: 'a.jpg', audio: 'a.wav' } },
    problem: /^No label/,
  },
  'ms-swift': {
    row: {
      messages: [{ role: 'system', content: 'Be brief.' }, user('<video><audio>Which emotion?')],
      ...{ videos: ['a.mp4'], audios: ['a.wav'], solution: 'sad', difficulty: 2 },
    },
    said: {
      media: [{ path: 'a.mp4' }, { path: 'a.wav', kind: 'audio' }],
      ...{ question: 'Which emotion?', system: 'Be brief.', label: 'sad', answer: 'sad' },
    },
    broken: { messages: [user('<video><video>Which?')], videos: ['a.mp4'], solution: 'sad' },
    problem: /2 <video>, but the row names 1 video for them/,
  },
  'ms-swift, with an answer that is dropped for the solution': {
    row: { messages: [user('<image>Which?'), assistant('Well, happy?')], images: 'a.jpg', solution: 'sad' },
    said: { media: [{ path: 'a.jpg', kind: 'image' }], question: 'Which?', label: 'sad', answer: 'sad' },
    broken: {
      messages: [user('<image>Which?'), { role: 'narrator', content: 'x' }],
      images: 'a.jpg',
      solution: 'sad',
    },
    problem: /is of "narrator"; system, user/,
  },
  "ms-swift's other names": {
    row: {
      query: '<image>Which?',
      response: 'sad',
      image: ['a.jpg'],
      system: 'Be brief.',
      history: [['Hi', 'Yes?']],
    },
    said: {
      media: [{ path: 'a.jpg', kind: 'image' }],
      ...{ question: '<image>Which?', label: 'sad', system: 'Be brief.' },
      turns: [user('Hi'), assistant('Yes?')],
    },
    broken: { query: '<image>Which?', response: 'sad', image: ['a.jpg'], history: ['Hi', 'Yes?'] },
    problem: /A pair of "history" is not/,
  },
  'ms-swift, a video of frames': {
    row: { messages: [user('<video>Which?'), assistant('sad')], videos: [['f1.jpg', 'f2.jpg']] },
    said: {
      media: [{ path: 'f1.jpg', kind: 'video', frames: ['f1.jpg', 'f2.jpg'] }],
      ...{ question: 'Which?', label: 'sad' },
    },
    broken: { messages: [user('<video>Which?'), assistant('sad')], videos: [['f1.jpg'], ['f2.jpg']] },
    problem: /1 <video>, but the row names 2 videos for it/,
  },
  'LLaMA-Factory, sharegpt': {
    row: {
      conversations: [
        ...[
          { from: 'system', value: 'Be brief.' },
          human('<video>How?'),
          gpt('Well.'),
          human('And now?'),
          gpt('sad'),
        ],
      ],
      videos: ['a.mp4'],
    },
    said: {
      ...{ media: [{ path: 'a.mp4' }], question: 'And now?', system: 'Be brief.', label: 'sad' },
      turns: [user('How?'), assistant('Well.')],
    },
    broken: { conversations: [human('How? <image>'), gpt('sad')], videos: ['a.mp4'] },
    problem: /1 <image>, but the row names 0 images for it/,
  },
  'LLaMA-Factory, tools': {
    row: {
      conversations: [
        ...[human('Time?'), { from: 'function_call', value: '{"name": "now", "arguments": {}}' }],
        ...[{ from: 'observation', value: '12:00' }, gpt('Noon.')],
      ],
      image: 'a.jpg',
    },
    said: {
      ...{ question: '<tool_response>\n12:00\n</tool_response>', label: 'Noon.' },
      turns: [user('Time?'), assistant('<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>')],
    },
    broken: { conversations: [human('Time?'), gpt('Noon.'), gpt('Late.')], image: 'a.jpg' },
    problem: /ends with 2 turns of the assistant/,
  },
  'Alpaca, with a picture': {
    row: { instruction: '<image>Name the mood.', input: 'Of the man.', output: 'sad', images: ['a.jpg'] },
    said: {
      media: [{ path: 'a.jpg', kind: 'image' }],
      ...{ question: 'Name the mood.\nOf the man.', label: 'sad' },
    },
    broken: { instruction: '<image>Name the mood.', input: '', output: '', images: ['a.jpg'] },
    problem: /^No label/,
  },
  LLaVA: {
    row: { id: '1', image: 'a.jpg', conversations: [human('<image>\nWhich emotion?'), gpt('sad')] },
    said: { media: [{ path: 'a.jpg', kind: 'image' }], question: 'Which emotion?', label: 'sad' },
    broken: { id: '1', image: 'a.jpg', conversations: [human('<image>\nWhich?'), { from: 'gpt' }] },
    problem: /A turn of "conversations" holds/,
  },
  'TRL, parts of which Arrow has padded all keys': {
    row: {
      prompt: [
        user([
          { type: 'image', text: null, image: null },
          { type: 'text', text: 'Which emotion?', image: null },
        ]),
      ],
      ...{ images: ['a.jpg'], solution: 'sad' },
    },
    said: { media: [{ path: 'a.jpg', kind: 'image' }], question: 'Which emotion?', label: 'sad' },
    broken: { prompt: [user([{ type: 'image' }, { type: 'image' }])], images: ['a.jpg'], solution: 'sad' },
    problem: /2 <image>, but the row names 1 image for them/,
  },
  'TRL, a text and pictures': {
    row: {
      prompt: [user('Which emotion?')],
      images: [{ path: 'b.jpg' }, { path: 'a.jpg' }],
      solution: 'sad',
    },
    said: {
      media: [
        { path: 'b.jpg', kind: 'image' },
        { path: 'a.jpg', kind: 'image' },
      ],
      ...{ question: 'Which emotion?', label: 'sad' },
    },
    broken: { prompt: [user(7)], images: ['a.jpg'], solution: 'sad' },
    problem: /A turn of "prompt" holds a number/,
  },
  "OpenAI's parts": {
    row: {
      messages: [
        user([
          { type: 'text', text: 'First ' },
          { type: 'image_url', image_url: { url: 'file://a.jpg' } },
          { type: 'text', text: ', then ' },
          { type: 'video', video: 'a.mp4' },
        ]),
        assistant([{ type: 'text', text: 'sad' }]),
      ],
    },
    said: {
      media: [{ path: 'a.jpg', kind: 'image' }, { path: 'a.mp4' }],
      ...{ question: 'First <image>, then <video>', label: 'sad' },
    },
    broken: {
      messages: [
        user([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }]),
        assistant('sad'),
      ],
    },
    problem: /Its image stands in the row itself \("data:…"\)/,
  },
  verl: {
    row: {
      ...{
        data_source: 'x',
        prompt: [user('<image>How many?')],
        images: [{ image: 'a.jpg' }],
        ability: 'count',
      },
      ...{ reward_model: { style: 'rule', ground_truth: '3' }, extra_info: { split: 'test', index: 4 } },
    },
    said: {
      ...{ media: [{ path: 'a.jpg', kind: 'image' }], question: 'How many?', label: '3', split: 'test' },
    },
    broken: {
      data_source: 'x',
      prompt: [user('How many?')],
      images: ['a.jpg'],
      reward_model: { style: 'rule' },
    },
    problem: /"prompt" holds no answer/,
  },
  'keys of other spellings': {
    row: { 'Image Path': 'a.jpg', Question: 'Which?', 'Ground-Truth': 'sad' },
    said: { media: [{ path: 'a.jpg', kind: 'image' }], question: 'Which?', label: 'sad' },
    broken: { 'Image Path': 'a.jpg', Question: 'Which?', 'Ground-Truth': '' },
    problem: /^No label/,
  },
};

test.each(Object.entries(FORMS))('%s', async (_, { row, said, broken, problem }) => {
  const other = { video: 'b.mp4', label: 'calm' };
  const { rows, issues } = await rowsIn({ ...FILES, 'rows.jsonl': lines(row, broken, other) });
  expect(rows).toMatchObject([
    { ...said, columns: row, file: 'rows.jsonl', row: 1 },
    { label: 'calm', row: 3 },
  ]);
  expect(issues).toMatchObject([{ file: 'rows.jsonl', row: 2, message: expect.stringMatching(problem) }]);
  expect(issues[0]?.hint).toBeTruthy();
  expect(rows[0]).not.toHaveProperty('turns', []);
});

describe('what is shown', () => {
  const mediaOf = async (row: object) => {
    const { rows, issues } = await rowsIn({ ...FILES, 'rows.jsonl': lines(row) });
    return rows[0]?.media ?? issues[0]?.message;
  };

  it('stands in the order of the tags, and these stay where they are not simply in front', async () => {
    const row = { images: ['a.jpg', 'b.jpg'], audios: ['a.wav'], solution: 'x' };
    const { rows } = await rowsIn({
      ...FILES,
      'rows.jsonl': lines(
        { ...row, messages: [user('<audio><image><image>Which?')] },
        { ...row, messages: [user('Of <image> and <image> with <audio>: which?')] },
        { ...row, messages: [user('<image>Of this and <image>: <audio>?')] },
      ),
    });
    const paths = rows.map(({ media }) => media.map(({ path }) => path).join(' '));
    expect(paths).toEqual(['a.wav a.jpg b.jpg', 'a.jpg b.jpg a.wav', 'a.jpg b.jpg a.wav']);
    expect(rows.map(({ question }) => question)).toEqual([
      'Which?',
      'Of <image> and <image> with <audio>: which?',
      '<image>Of this and <image>: <audio>?',
    ]);
  });

  it('is a video for <image> where a row names a video alone, as LLaVA-Video has it', async () => {
    const conversations = [human('Look: <image> What is it?'), gpt('A dog.')];
    const { rows } = await rowsIn({ ...FILES, 'rows.jsonl': lines({ video: 'a.mp4', conversations }) });
    expect(rows).toMatchObject([{ question: 'Look: <video> What is it?', media: [{ path: 'a.mp4' }] }]);
  });

  it('counts once where two columns name it, and a truth value or a count is no file', async () => {
    expect(await mediaOf({ video: 'a.mp4', videos: ['a.mp4'], audio: true, images: 3, label: 'x' })).toEqual([
      { path: 'a.mp4' },
    ]);
    expect(await mediaOf({ video: 'a.mp4', audio: 'yes', label: 'x' })).toEqual([{ path: 'a.mp4' }]);
  });

  it('the sound of a video is asked for by its own column', async () => {
    expect(await mediaOf({ audio: 'a.mp4', label: 'x' })).toEqual([{ path: 'a.mp4', kind: 'audio' }]);
  });

  it('lies under addresses, and in a cell that holds a list', async () => {
    expect(await mediaOf({ image: 'https://host/x/a.jpg?size=2', label: 'x' })).toEqual([
      { path: 'x/a.jpg', kind: 'image' },
    ]);
    const { rows } = await rowsIn({
      ...FILES,
      'rows.csv': `images,question,answer\n"['a.jpg', ""b.jpg""]",Which?,sad\n`,
    });
    expect(rows[0]?.media.map(({ path }) => path)).toEqual(['a.jpg', 'b.jpg']);
  });

  it('a chat that only speaks of tags is text', async () => {
    const { examples } = await read({
      'rows.jsonl': lines({ question: 'What does <video> do in HTML?', answer: 'It plays.' }),
    });
    expect(examples).toMatchObject([{ question: 'What does <video> do in HTML?', media: [] }]);
  });
});

test('what the rows of several trainers show is found in the folder, each medium as what it is', async () => {
  const data = await read({
    ...FILES,
    'rows.jsonl': lines(
      { prompt: [user('Which?')], images: ['b.jpg', 'a.jpg'], solution: 'x' },
      { video: 'a.mp4', audio: 'b.wav', label: 'x' },
      { messages: [user('<video>Which?'), assistant('x')], videos: [['f2.jpg', 'f1.jpg']] },
      { question: 'What is 2 + 2?', answer: '4' },
    ),
  });
  expect(data.issues).toEqual([]);
  expect(
    data.examples.map(({ media }) =>
      media.map(({ kind, files }) => [kind, ...files.map(({ path }) => path)]),
    ),
  ).toEqual([
    [
      ['image', 'b.jpg'],
      ['image', 'a.jpg'],
    ],
    [
      ['video', 'a.mp4'],
      ['audio', 'b.wav'],
    ],
    [['video', 'f2.jpg', 'f1.jpg']],
    [],
  ]);
});

describe('multiple choice', () => {
  const OPTIONS = ['A. Sad', 'B. Calm'];
  it.each<readonly [string, object, readonly [label: string, answer: string, options: readonly string[]]]>([
    ['by its letter', { options: OPTIONS, answer: 'B' }, ['B', 'B', OPTIONS]],
    ['by its words', { options: OPTIONS, answer: 'calm' }, ['B', 'calm', OPTIONS]],
    ['by both', { options: OPTIONS, answer: '(b) ' }, ['B', '(b) ', OPTIONS]],
    ['as a whole', { options: OPTIONS, answer: 'A. Sad' }, ['A', 'A. Sad', OPTIONS]],
    ['by several letters', { options: OPTIONS, answer: 'A,B' }, ['A,B', 'A,B', OPTIONS]],
    ['of words alone', { choices: ['Sad', 'Calm'], answer: 'Calm' }, ['Calm', 'Calm', ['Sad', 'Calm']]],
    ['by its place', { choices: ['Sad', 'Calm'], answer: 0 }, ['A', 'A', ['Sad', 'Calm']]],
    ['of columns', { A: 'Sad', B: 'Calm', answer: 'B' }, ['B', 'B', OPTIONS]],
    ['of named columns', { option_a: 'Sad', option_b: 'Calm', answer: 'Calm' }, ['B', 'Calm', OPTIONS]],
    ['by letter', { options: { A: 'Sad', B: 'Calm' }, answer: 'A' }, ['A', 'A', OPTIONS]],
    [
      "of ARC's form",
      { choices: { text: ['Sad', 'Calm'], label: ['A', 'B'] }, answerKey: 'B' },
      ['B', 'B', OPTIONS],
    ],
    ['in a cell', { options: "['A. Sad', 'B. Calm']", answer: 'B' }, ['B', 'B', OPTIONS]],
  ])('%s', async (_, row, [label, answer, options]) => {
    const { examples, columns } = await read({ 'rows.jsonl': lines({ question: 'Mood?', ...row }) });
    expect(examples).toMatchObject([{ question: 'Mood?', label, answer, columns: { ...row, options } }]);
    // What is told of it are the columns that hold options.
    const own = Object.keys(row).filter((name) => !/^answer/.test(name));
    expect(columns.options).toBe(own.join(', '));
  });

  it('is told where some rows have options only, and in counted columns', async () => {
    const row = { problem: 'Mood?', problem_type: 'free-form', options: [], solution: '<answer>x</answer>' };
    const choice = {
      ...row,
      problem_type: 'multiple choice',
      options: OPTIONS,
      solution: '<answer>A</answer>',
    };
    expect((await read({ 'rows.json': JSON.stringify([row, choice]) })).columns).toEqual({
      question: 'problem',
      options: 'options',
      answer: 'solution',
    });
    const counted = { question: 'Mood?', option_1: 'Sad', option_2: 'Calm', answer: 'Sad' };
    expect((await read({ 'rows.jsonl': lines(counted) })).columns.options).toBe('option_1, option_2');
    expect((await read({ 'rows.jsonl': lines(row) })).columns.options).toBeUndefined();
  });
});

describe("LLaMA-Factory's dataset_info.json", () => {
  const info = (set: object) =>
    JSON.stringify({ mine: { file_name: 'mine.json', ...set }, hub: { hf_hub_url: 'x/y' } });

  it('says the columns, roles and keys of a chat', async () => {
    const { rows, issues } = await rowsIn({
      ...FILES,
      'data/dataset_info.json': info({
        formatting: 'sharegpt',
        columns: { messages: 'talk', videos: 'films', system: 'rules' },
        tags: { role_tag: 'who', content_tag: 'what', user_tag: 'visitor', assistant_tag: 'host' },
      }),
      'data/mine.json': JSON.stringify([
        {
          ...{ rules: 'Be brief.', films: ['a.mp4'], question: 'not this' },
          talk: [
            { who: 'visitor', what: '<video>Which?' },
            { who: 'host', what: 'sad' },
          ],
        },
        { films: ['a.mp4'], talk: [{ who: 'stranger', what: 'Which?' }] },
      ]),
    });
    expect(rows).toMatchObject([
      {
        ...{ media: [{ path: 'a.mp4' }], question: 'Which?', system: 'Be brief.', label: 'sad' },
        columns: { films: ['a.mp4'] },
      },
    ]);
    expect(issues).toMatchObject([
      { file: 'data/mine.json', row: 2, message: expect.stringMatching(/"stranger"/) },
    ]);
  });

  it("says Alpaca's columns", async () => {
    const { rows, issues } = await rowsIn({
      'dataset_info.json': info({ columns: { prompt: 'ask', query: 'about', response: 'reply' } }),
      'mine.json': JSON.stringify([
        { ask: 'Add.', about: '1 and 2', reply: '3', answer: 'not this' },
        { ask: 'Add.' },
      ]),
    });
    expect(rows).toMatchObject([{ media: [], question: 'Add.\n1 and 2', label: '3' }]);
    expect(issues).toMatchObject([{ reason: 'no answer', file: 'mine.json', row: 2 }]);
  });

  it('that is broken is an issue of its own', async () => {
    const { rows, issues } = await rowsIn({
      'dataset_info.json': '{"mine": ',
      'mine.json': JSON.stringify([{ instruction: 'Add.', input: '1 and 2', output: '3' }]),
    });
    expect(rows.length).toBe(1);
    expect(issues).toMatchObject([{ reason: 'file unreadable', file: 'dataset_info.json' }]);
  });
});

it.each<[string, object]>([
  ['as a text', { prompt: 'Mood?', chosen: 'sad', rejected: 'glad' }],
  ['as a chat', { prompt: [user('Mood?')], chosen: [assistant('sad')], rejected: [assistant('glad')] }],
  [
    'with the prompt in it',
    { chosen: [user('Mood?'), assistant('sad')], rejected: [user('Mood?'), assistant('glad')] },
  ],
])('of a pair of preferences the chosen answer is the right one: %s', async (_, row) => {
  const { examples } = await read({ 'rows.jsonl': lines(row) });
  expect(examples).toMatchObject([{ question: 'Mood?', answer: 'sad' }]);
});
