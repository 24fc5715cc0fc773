/** The letter of the right option, said by itself, with its text, in a sentence, or by its text alone; options come from the row. */
import { readOption, saidAnswer } from './readings.ts';
import { type Reward, zeroToOne } from './reward.ts';
import { optionsOrNone } from './row-options.ts';

export const multipleChoice: Reward = {
  help: 'names the right option, by its letter or its text',
  group: 'answer',
  source: 'the studio; options are columns of the data',
  readsLabel: true,
  range: zeroToOne,
  columns: (row) => {
    const options = optionsOrNone(row);
    return options.length > 0 ? { options } : {};
  },
  score: (text, { label, row }) => {
    const options = optionsOrNone(row);
    const gold = label === null ? null : readOption(label, options);
    if (gold === null) return null;
    const said = saidAnswer(text);
    return Number(said !== null && readOption(said, options) === gold);
  },
  python: `
def _multiple_choice(text, about):
    options = _options(about.row)
    gold = None if about.label is None else _read_option(about.label, options)
    if gold is None:
        return None
    said = _said_answer(text)
    return float(said is not None and _read_option(said, options) == gold)
`,
  cases: [
    { text: '<answer>B</answer>', label: 'B', score: 1 },
    { text: '<think>A?</think>The answer is (b).', label: 'B', score: 1 },
    { text: '<answer>A</answer>', label: 'B', score: 0 },
    { text: '<answer>Sad</answer>', label: 'B', row: { options: ['A. Calm', 'B. Sad'] }, score: 1 },
    { text: '<answer>B: sad</answer>', label: 'sad', row: { choices: '["calm", "sad"]' }, score: 1 },
    { text: '<answer>It is calm.</answer>', label: 'B', row: { A: 'Calm', B: 'Sad' }, score: 0 },
    { text: '<think>B', label: 'B', score: 0 },
    { text: 'B', label: 'happy', score: null },
    { text: 'B', label: null, score: null },
  ],
};
