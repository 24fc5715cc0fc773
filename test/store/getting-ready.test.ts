import { describe, expect, it } from 'vitest';
import { STAGE_NAMES } from '../../src/protocol/stages.ts';
import { NO_CONTRASTS, withAnswers } from '../../src/store/contrast.ts';
import { initialState, reduce } from '../../src/store/state.ts';

const at = (state: 'ready' | 'loading' | 'running') => ({
  ...initialState(),
  run: { state, step: 0, steps: 9 },
});
const progress = (what: string, done: number) =>
  ({ type: 'progress', what, done, total: 64, unit: 'kernels' }) as const;

describe('on the way to the first step', () => {
  it('each stage keeps its count while the next one is under way', () => {
    let state = { ...at('loading'), ...reduce(at('loading'), progress(STAGE_NAMES.kernels, 64)) };
    state = { ...state, ...reduce(state, progress(STAGE_NAMES.clips, 3)) };
    expect(state.stages).toEqual({ kernels: { done: 64, total: 64 }, clips: { done: 3, total: 64 } });
  });

  it('what is no stage, or before a run or after its first step, is not counted', () => {
    expect(reduce(at('loading'), progress('Writing files', 3)).stages).toEqual({});
    expect(reduce(at('ready'), progress(STAGE_NAMES.clips, 3)).stages).toEqual({});
    const stepped = { ...at('running'), steps: [{ step: 1, metrics: {}, seconds: {} }] };
    expect(reduce(stepped, progress(STAGE_NAMES.clips, 3)).stages).toEqual({});
  });
});

const group = (exampleId: string, label: string, ...answers: (string | null)[]) => ({
  ...{ exampleId, label },
  completions: answers.map((answer) => ({ text: `It is ${answer}.`, answer })),
});

describe('what a run got right', () => {
  const first = withAnswers(NO_CONTRASTS, 1, [
    group('a', 'sad', 'sad', 'happy'),
    group('b', 'sad', 'sad', 'sad'),
    group('c', 'sad', null, 'sad'),
  ]);

  it('is a clip whose first answers held a wrong one, and whose later ones are all right', () => {
    expect(first.shown).toBeUndefined();
    expect(withAnswers(first, 2, [group('a', 'sad', 'sad', 'happy')]).shown).toBeUndefined();
    const { shown } = withAnswers(first, 7, [
      group('b', 'sad', 'sad', 'sad'),
      group('a', 'sad', 'sad', 'sad'),
    ]);
    expect(shown).toEqual({
      exampleId: 'a',
      label: 'sad',
      before: { step: 1, text: 'It is happy.', answer: 'happy' },
      now: { step: 7, text: 'It is sad.', answer: 'sad' },
    });
  });

  it('counts an answer that could not be read as wrong, and stays when later answers are wrong again', () => {
    const right = withAnswers(first, 7, [group('c', 'sad', 'sad')]);
    expect(right.shown?.before.answer).toBeNull();
    expect(withAnswers(right, 9, [group('c', 'sad', 'angry')]).shown).toBe(right.shown);
  });

  it('is rather a clip that was wrong at first', () => {
    const later = withAnswers(first, 3, [group('d', 'sad', 'happy')]);
    const ofD = withAnswers(later, 5, [group('d', 'sad', 'sad')]);
    expect(ofD.shown?.exampleId).toBe('d');
    const ofA = withAnswers(ofD, 6, [group('a', 'sad', 'sad')]);
    expect(ofA.shown?.exampleId).toBe('a');
    expect(withAnswers(ofA, 8, [group('d', 'sad', 'sad')]).shown?.exampleId).toBe('a');
    expect(withAnswers(ofA, 9, [group('c', 'sad', 'sad')]).shown?.exampleId).toBe('c');
  });

  it('is looked for among so many clips of the first steps', () => {
    const many = Array.from({ length: 100 }, (_, i) => group(`clip ${i}`, 'sad', 'happy'));
    const known = withAnswers(NO_CONTRASTS, 1, many);
    expect(known.wrong.size).toBe(64);
    expect(withAnswers(known, 2, [group('clip 99', 'sad', 'sad')]).shown).toBeUndefined();
  });
});
