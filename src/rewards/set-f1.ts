/**
 * F1 of the set of items that an answer lists and the set that is right, where words of one group are the same item. The groups
 * are those of emotion words below unless the run has its own: our own choice, much smaller than the five emotion wheels of
 * MER2025, whose metric this is the idea of.
 */
import { setF1 as overlap } from '../math/overlap.ts';
import { foldAnswer } from './answer.ts';
import { readItems, saidAnswer } from './readings.ts';
import { reward, zeroToOne } from './reward.ts';

const EMOTION_GROUPS = [
  'happy, joyful, joy, glad, cheerful, delighted, delight, pleased, pleasure, amused, amusement, content, satisfied, elated, merry, happily',
  'excited, excitement, thrilled, enthusiastic, enthusiasm, eager, energetic, exhilarated',
  'sad, sorrow, sorrowful, unhappy, gloomy, grief, grieving, depressed, miserable, heartbroken, melancholy, upset, tearful, down',
  'angry, mad, furious, fury, rage, enraged, irritated, irritation, annoyed, annoyance, resentful, outraged, indignant, hostile',
  'fear, afraid, scared, frightened, terrified, terror, panic, panicked, horrified',
  'anxious, worried, worry, nervous, nervousness, uneasy, tense, tension, stressed, apprehensive, concerned',
  'surprise, astonished, astonishment, amazed, amazement, shocked, shock, startled, stunned',
  'disgust, disgusted, revolted, revulsion, repulsed, sickened, grossed out',
  'contemptuous, scornful, scorn, disdain, disdainful, sarcastic, mocking, sneering',
  'disappointed, let down, dismayed, discouraged, disheartened',
  'helpless, powerless, hopeless, desperate, despair, resigned',
  'calm, relaxed, peaceful, composed, serene, at ease',
  'neutral, indifferent, expressionless, emotionless, unemotional',
  'confused, puzzled, confusion, bewildered, perplexed',
  'ashamed, shame, embarrassed, embarrassment, guilty, guilt, remorseful',
  'grateful, thankful, gratitude, touched, moved',
  'proud, pride, confident, confidence, self-assured',
  'curious, curiosity, interested, interest, intrigued',
].join('; ');

/** From a folded word to the first of its group; of several groups the first. */
function groupsOf(written: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const group of written.split(/[;\n]/)) {
    const words = group.split(',').flatMap((word) => foldAnswer(word) || []);
    for (const word of words) if (!groups.has(word)) groups.set(word, words[0]!);
  }
  return groups;
}

let lastWritten = '';
let lastGroups = groupsOf(lastWritten);

/** The groups of a run, made once. */
function groupsFor(synonyms: string): ReadonlyMap<string, string> {
  const written = synonyms || EMOTION_GROUPS;
  if (written !== lastWritten) [lastWritten, lastGroups] = [written, groupsOf(written)];
  return lastGroups;
}

export const setF1 = reward({
  help: 'F1 of the listed items, synonyms counting as one',
  group: 'answer',
  source: 'the idea of the emotion-wheel metric of MER2025, with groups of our own',
  readsLabel: true,
  parameters: {
    setF1Synonyms: {
      ...{ kind: 'text', default: '' },
      label: 'Words that are one item',
      help: 'set_f1 counts words of a group as the same: "happy, glad, joyful; sad, unhappy". Empty = its own groups of emotion words.',
    },
  },
  range: zeroToOne,
  score: (text, { label, setF1Synonyms }) => {
    const groups = groupsFor(setF1Synonyms);
    const items = (list: string) => readItems(list).map((item) => groups.get(item) ?? item);
    const gold = items(label ?? '');
    return gold.length === 0 ? null : overlap(gold, items(saidAnswer(text) ?? ''));
  },
  python: `
_EMOTION_GROUPS = ${JSON.stringify(EMOTION_GROUPS)}


@functools.lru_cache
def _groups_of(written):
    groups = {}
    for group in re.split("[;\\n]", written):
        words = [word for word in map(_fold, group.split(",")) if word]
        for word in words:
            groups.setdefault(word, words[0])
    return groups


def _set_f1(text, about):
    groups = _groups_of(_setting("setF1Synonyms", "") or _EMOTION_GROUPS)
    gold, said = (
        [groups.get(item, item) for item in _read_items(items or "")]
        for items in (about.label, _said_answer(text))
    )
    return _set_f1_of(gold, said) if gold else None
`,
  cases: [
    { text: '<answer>happy</answer>', label: 'joyful', score: 1 },
    { text: "<answer>['sad', 'worried', 'sorrow']</answer>", label: 'unhappy, anxious', score: 1 },
    { text: '<answer>happy, calm</answer>', label: 'glad', score: 2 / 3 },
    { text: '<answer>bored</answer>', label: 'bored', score: 1 },
    { text: '<answer>bored</answer>', label: 'happy', score: 0 },
    { text: '<answer>feline</answer>', label: 'cat', setF1Synonyms: 'cat, feline; dog, hound', score: 1 },
    { text: '<answer>joyful</answer>', label: 'happy', setF1Synonyms: 'cat, feline; dog, hound', score: 0 },
    { text: '', label: 'happy', score: 0 },
    { text: 'happy', label: '[]', score: null },
    { text: 'happy', label: null, score: null },
  ],
});
