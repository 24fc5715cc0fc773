/** What a row is asked, by preset and by template. Published texts were typed from the sources named. */
import { describe, expect, it } from 'vitest';
import { optionsOf } from '../../src/rewards/row-options.ts';
import type { PromptPreset } from '../../src/text/prompt.ts';
import { type PromptRow, type WordSettings, wordsOf } from '../../src/text/words.ts';

const settings = (promptPreset: PromptPreset, more: Partial<WordSettings> = {}): WordSettings => ({
  promptPreset,
  question: 'Of the run?',
  ...more,
});
const row = (question: string | null, columns: object = {}, more: Partial<PromptRow> = {}): PromptRow => ({
  ...{ question, columns: { ...columns }, label: 'sad' },
  ...more,
});
const S = 'Output the thinking process in <think> </think> and final emotion in <answer> </answer> tags.';

describe("a row's own question", () => {
  it('is asked with the request of the preset; a row without one asks that of the run', () => {
    expect(wordsOf(settings('canonical'), false, row('Why?')).text).toBe(`Why?\n${S}`);
    expect(wordsOf(settings('canonical'), false, row(null)).text).toBe(`Of the run?\n${S}`);
    expect(wordsOf(settings('inference'), false, row('Why?')).text).toBe(`Why?  ${S}`);
    expect(wordsOf(settings('sft'), false, row('Why?')).text).toBe(`Why? ${S}`);
    expect(wordsOf(settings('sft-label'), false, row('Why?')).text).toBe('Why?');
  });

  it("that brings R1-Omni's request gets it once, as the preset puts it; any other request for tags stays", () => {
    expect(wordsOf(settings('canonical'), false, row(`Why?  ${S}`)).text).toBe(`Why?\n${S}`);
    expect(wordsOf(settings('erv'), false, row(`Why?  ${S}`)).text).toBe(`Why?  ${S}`);
    const own = 'Why? Answer in <answer> </answer>.';
    expect(wordsOf(settings('canonical'), false, row(own)).text).toBe(own);
    expect(wordsOf(settings('canonical', { instruction: 'Be brief.' }), false, row(`Why?\n${S}`)).text).toBe(
      'Why?\nBe brief.',
    );
  });

  it.each(['r1-omni', 'eval'] as const)('is overwritten by %s, of clips alone', (preset) => {
    const asked = (question: string): string => wordsOf(settings(preset), false, row(question)).text;
    expect(asked('Why?')).toBe(asked('How?'));
    expect(asked('Why?')).toMatch(/^As an emotional recognition expert/);
    expect(wordsOf(settings(preset), true, row('Why?')).text).toMatch(/^Why\?/);
  });

  it('comes with its system message and earlier turns, before those of the settings', () => {
    const turns = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
    ] as const;
    const said = settings('sft-label', { systemPrompt: 'Of the run.' });
    expect(wordsOf(said, true, row('Why?', {}, { system: 'Own.', turns }))).toEqual({
      ...{ text: 'Why?', system: 'Own.', turns },
    });
    expect(wordsOf(said, true, row('Why?'))).toEqual({ text: 'Why?', system: 'Of the run.' });
  });
});

describe('choices of a row', () => {
  it.each<[object, readonly string[]]>([
    [{ options: ['A. yes', 'B. no'] }, ['A. yes', 'B. no']],
    [{ Choices: '["yes", "no"]' }, ['yes', 'no']],
    [{ options: { A: 'yes', B: 'no' } }, ['A. yes', 'B. no']],
    [{ choices: { text: ['yes', 'no'], label: ['1', '2'] } }, ['1. yes', '2. no']],
    [{ A: 'yes', B: 'no', C: '' }, ['A. yes', 'B. no']],
    [{ options: [2, 3] }, ['2', '3']],
    [{ options: null }, []],
    [{ options: '' }, []],
    [{ A: 'alone' }, []],
  ])('%j', (columns, expected) => {
    expect(optionsOf({ ...columns })).toEqual(expected);
  });

  it.each([{ options: 'yes or no' }, { options: [['a']] }, { options: { A: { b: 1 } } }])(
    'in another form are refused: %j',
    (columns) => {
      expect(() => optionsOf({ ...columns })).toThrow(/The options are .*expected a list of texts/);
    },
  );

  it('stand behind the question, once, with letters where a letter is the answer', () => {
    const ask = (question: string, options: readonly string[], label: string): string =>
      wordsOf(settings('sft-label'), false, row(question, { options }, { label })).text;
    expect(ask('Which?', ['A. sad', 'B. calm'], 'A')).toBe('Which?\nOptions:\nA. sad\nB. calm');
    expect(ask('Which?', ['sad', 'calm'], 'B')).toBe('Which?\nOptions:\nA. sad\nB. calm');
    expect(ask('Which?', ['sad', 'calm'], 'sad')).toBe('Which?\nOptions:\nsad\ncalm');
    expect(ask('sad or calm?', ['sad', 'calm'], 'sad')).toBe('sad or calm?');
  });
});

/** github.com/tulerfeng/Video-R1 at 59d65c3, src/r1-v/src/open_r1/grpo.py. */
describe('video-r1', () => {
  const T =
    "\nPlease think about this question as if you were a human pondering deeply. Engage in an internal dialogue using expressions such as 'let me think', 'wait', 'Hmm', 'oh, I see', 'let's break it down', etc, or other natural language thought expressions It's encouraged to include self-reflection or verification in the reasoning process. Provide your detailed reasoning between the <think> </think> tags, and then give your final answer between the <answer> </answer> tags.";
  it.each([
    [
      'numerical',
      ' Please provide the numerical value (e.g., 42 or 3.14) within the <answer> </answer> tags.',
    ],
    [
      'regression',
      ' Please provide the numerical value (e.g., 42 or 3.14) within the <answer> </answer> tags.',
    ],
    [
      'OCR',
      ' Please transcribe text from the image/video clearly and provide your text answer within the <answer> </answer> tags.',
    ],
    ['free-form', ' Please provide your text answer within the <answer> </answer> tags.'],
  ])('%s', (problem_type, sentence) => {
    const options = ['never listed'];
    const asked = wordsOf(settings('video-r1'), false, row('How many?', { problem_type, options }));
    expect(asked).toEqual({ text: `How many?${T}${sentence}` });
  });

  it('multiple choice', () => {
    const columns = { problem_type: 'multiple choice', options: ['A. one', 'B. two'] };
    expect(wordsOf(settings('video-r1'), false, row('How many?', columns)).text).toBe(
      `How many?Options:\nA. one\nB. two\n${T} Please provide only the single option letter (e.g., A, B, C, D, etc.) within the <answer> </answer> tags.`,
    );
    expect(() =>
      wordsOf(settings('video-r1'), false, row('Which?', { problem_type: 'multiple choice' })),
    ).toThrow(/multiple choice, but has no options/);
  });

  it.each([
    [
      { problem_type: 'counting' },
      /problem_type is "counting"; the prompt video-r1 knows multiple choice, num/,
    ],
    [{}, /has no problem_type/],
    [{ problem_type: 'toString' }, /problem_type is "toString"/],
  ])('a row of another type is refused: %j', (columns, message) => {
    expect(() => wordsOf(settings('video-r1'), false, row('Which?', columns))).toThrow(message);
  });
});

/** github.com/Deep-Agent/R1-V at bbbbe3d, src/r1-v/src/open_r1/grpo.py. */
describe('r1-v', () => {
  it('with a picture: two spaces, no system message', () => {
    expect(wordsOf(settings('r1-v'), false, row('How many?'))).toEqual({
      text: 'How many?  Output the thinking process in <think> </think> and final answer (number) in <answer> </answer> tags.',
    });
  });

  it('without: its system message, and the bare problem', () => {
    expect(wordsOf(settings('r1-v'), true, row('How many?'))).toEqual({
      text: 'How many?',
      system:
        'A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant first thinks about the reasoning process in the mind and then provides the user with the answer. The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning process here </think><answer> answer here </answer>',
    });
  });
});

describe('a template of the run', () => {
  const ask = (promptTemplate: string, columns: object, question: string | null = 'Why?'): string =>
    wordsOf(settings('canonical', { promptTemplate }), false, row(question, columns)).text;

  it('has every column, the question, the request and the choices', () => {
    expect(ask('{{ question }} ({{ scene }})\n{{ instruction }}', { scene: 'park' })).toBe(
      `Why? (park)\n${S}`,
    );
    expect(ask('{{ question }}', {}, null)).toBe('Of the run?');
    expect(ask('{% for o in options %}[{{ o }}]{% endfor %}', { options: ['a', 'b'] })).toBe('[a][b]');
    expect(ask("{{ columns['a name'] }} {{ problem_type }}", { 'a name': 'x', problem_type: 'OCR' })).toBe(
      'x OCR',
    );
    expect(ask("{{ hint | default('none') }}{% if hint %} {{ hint }}{% endif %}", {})).toBe('none');
  });

  it.each([
    ['{{ qestion }}', {}, /it writes qestion, which this row has not/],
    ['a{% if true %}{{ columns.hint }}{% endif %}', {}, /it writes columns\.hint/],
    ['{{ hint }}', { hint: null }, /it writes hint/],
    ['{{ hint | trim }}', { hint: ' ' }, /it writes nothing of this row/],
    ['{% for a in range(9000) %}{% for b in range(9000) %}{% endfor %}{% endfor %}', {}, /does not end/],
    ['{% if %}', {}, /The prompt template cannot be used/],
  ])('never asks with a hole: %s', (template, columns, message) => {
    expect(() => ask(template, columns)).toThrow(message);
  });
});

describe('what the chat template is told', () => {
  it("is the run's, with the row's over it", () => {
    const said = settings('canonical', { chatTemplateKwargs: '{"enable_thinking": false, "a": 1}' });
    const own = { chat_template_kwargs: '{"enable_thinking": true}' };
    expect(wordsOf(said, true, row('Why?', own)).variables).toEqual({ enable_thinking: true, a: 1 });
    expect(wordsOf(settings('canonical'), true, row('Why?')).variables).toBeUndefined();
  });

  it.each(['[1]', 'no', '3'])('is refused where it is no object: %s', (chat_template_kwargs) => {
    expect(() => wordsOf(settings('canonical'), true, row('Why?', { chat_template_kwargs }))).toThrow(
      /The row's chat_template_kwargs is .*expected a JSON object/,
    );
  });

  it('says no messages', () => {
    expect(() =>
      wordsOf(settings('canonical', { chatTemplateKwargs: '{"messages": []}' }), true, row('Why?')),
    ).toThrow(/says messages, which is the studio's/);
  });
});
