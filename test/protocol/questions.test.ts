/** What is said of rows' own questions, and of requests that do not fit them. */
import { describe, expect, it } from 'vitest';
import { PROMPT_KEYS, parseConfig } from '../../src/protocol/config.ts';
import { ANSWER_REQUEST, emotionRequestLine } from '../../src/protocol/emotion-request.ts';
import { otherQuestionsLine, settingsQuestionLine } from '../../src/protocol/own-questions.ts';
import { whyNoneIsAsked } from '../../src/protocol/prompt-report.ts';
import { TEXT_INSTRUCTION } from '../../src/text/recipes.ts';

const of = (rows: number) => ({ rows, distinct: rows, list: [{ question: 'Who is it?', rows: 1 }] });

describe("the settings' question", () => {
  it.each([
    [{}, 0, undefined],
    [{}, 30, 'Asked of 10 of 40 rows: the others bring their own questions.'],
    [{}, 40, 'Not asked: all 40 rows bring their own questions.'],
    [{ promptPreset: 'eval' }, 0, 'Not asked: the prompt eval asks a question of its own about every clip.'],
    [{ promptTemplate: '{{ problem }}' }, 0, 'Not asked: the prompt template does not write {{ question }}.'],
    [{ promptTemplate: '{{ question }}!' }, 0, undefined],
  ] as const)('%o with %i of 40 rows of their own', (settings, rows, line) => {
    expect(settingsQuestionLine(of(rows), parseConfig(settings), 40)).toBe(line);
  });

  it('is named where rows are asked it beside others', () => {
    const line = (rows: number) => otherQuestionsLine(of(rows), parseConfig({}), 40);
    expect(line(40)).toBe(
      '40 rows bring their own question, such as "Who is it?", and each is asked its own.',
    );
    expect(line(39)).toMatch(/; the 1 without one is asked the question of the settings\.$/);
  });
});

describe('a request for emotions', () => {
  const data = { kind: 'clips' as const, questions: of(40), count: 40 };

  it('is told where rows ask many things, and the request that is offered ends it', () => {
    expect(emotionRequestLine(data, parseConfig({}))).toContain('"final emotion"');
    expect(emotionRequestLine(data, parseConfig({ instruction: ANSWER_REQUEST }))).toBeUndefined();
    expect(emotionRequestLine(data, parseConfig({ promptPreset: 'video-r1' }))).toBeUndefined();
    expect(emotionRequestLine(data, parseConfig({ promptTemplate: '{{ question }}' }))).toBeUndefined();
    expect(emotionRequestLine({ ...data, questions: of(20) }, parseConfig({}))).toBeUndefined();
  });

  it('becomes that of questions without a clip', () => {
    expect(ANSWER_REQUEST).toBe(TEXT_INSTRUCTION);
  });
});

it('prompts that are all too long name what they may be', () => {
  const report = {
    ...{ rows: 2, asked: 0, limits: { set: 5, held: 900 }, refused: [], notes: [] },
    ...{ tooLong: [{ id: 'a', tokens: 9 }], repeated: { rows: 0, contradicting: 0 } },
  };
  expect(whyNoneIsAsked(report)).toContain('longer than the 5 tokens');
  expect(whyNoneIsAsked({ ...report, asked: 1 })).toBeUndefined();
});

it('what is shown with a prompt is part of it', () => {
  expect(PROMPT_KEYS).toEqual(expect.arrayContaining(['question', 'minPixels', 'maxFrames']));
});
