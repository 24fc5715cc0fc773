/** How a model that scores is read, as fields of the form. */
import { describe, expect, it } from 'vitest';
import { parseMapping } from '../../src/protocol/reward-models.ts';
import { ERV, FIRST_LOGIT } from '../../src/rewards/model-mapping.ts';
import {
  answerRows,
  draftOf,
  fieldsOf,
  labelAt,
  labelOf,
  mappingField,
  mappingName,
  withAnswer,
} from '../../src/ui/train/rewards/mapping.ts';

const LABELS = ['joy', 'anger', 'joy'];

describe('a mapping in the form', () => {
  it('is called by its name until a field differs', () => {
    expect(mappingName(draftOf({}))).toBe('first_logit');
    expect(mappingName(draftOf({ ...ERV }))).toBe('erv');
    expect(mappingName(draftOf({ ...ERV, topK: 3 }))).toBeUndefined();
  });

  it('has the fields that say something under it, each with words for all its choices', () => {
    expect(fieldsOf(FIRST_LOGIT)).toEqual(['text', 'activation', 'take', 'maxTokens']);
    const all = fieldsOf(ERV);
    expect(all).toEqual(['text', 'activation', 'take', 'threshold', 'topK', 'answers', 'maxTokens']);
    for (const field of all) {
      const { choices = [], about = {}, schema } = mappingField(field);
      expect(Object.keys(about).sort(), field).toEqual([...choices].sort());
      for (const word of choices) expect(parseMapping({ [field]: word })).toHaveProperty(field, word);
      expect(schema.safeParse(ERV[field]).success, field).toBe(true);
      expect(schema.safeParse(FIRST_LOGIT[field]).success, field).toBe(true);
    }
  });

  it('names a label where its name is that of no other, and says which it lacks', () => {
    expect([0, 1, 2].map((number) => labelOf(number, LABELS))).toEqual(['joy', 'anger', 2]);
    expect(['joy', 2, 'fear', 3].map((label) => labelAt(label, LABELS))).toEqual([0, 2, -1, -1]);
  });

  it('shows for every answer which label it stands for: as the map says, by itself, or none', () => {
    const mapping = { label: { byAnswer: { happy: 'joy', gone: 'fear' } }, answers: 'folded' as const };
    expect(answerRows(mapping, ['Anger', 'happy', 'afraid'], LABELS)).toEqual([
      { answer: 'Anger', byItself: 1 },
      { answer: 'happy', named: 'joy', byItself: undefined },
      { answer: 'afraid', byItself: undefined },
      { answer: 'gone', named: 'fear', byItself: undefined },
    ]);
    const byMafw = answerRows({ label: { byAnswer: { happiness: 0 } }, answers: 'mafw' }, ['happy'], LABELS);
    expect(byMafw[0]).toEqual({ answer: 'happy', byItself: 0 });
    expect(answerRows(FIRST_LOGIT, ['happy'], LABELS)).toEqual([]);
    expect(withAnswer({ a: 0 }, 'b', 'joy')).toEqual({ a: 0, b: 'joy' });
    expect(withAnswer({ a: 0, b: 1 }, 'a', undefined)).toEqual({ b: 1 });
  });
});
