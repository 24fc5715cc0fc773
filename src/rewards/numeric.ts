/** A number near the right one, in whatever way both are written: 1,000 is 1000.0, and 3/4 is .75. */
import { bareNumber, readNumber, saidAnswer } from './readings.ts';
import { reward, zeroToOne } from './reward.ts';

/** Sums in binary fractions differ from the same in decimals by less: 0.3 - 0.2 is within 0.1. */
const ROUNDING = 1 + 1e-9;

/** The row's own tolerance, as a number or as its text; undefined without one. */
function ownTolerance(row: Readonly<Record<string, unknown>>): number | undefined {
  const { tolerance } = row;
  const read = typeof tolerance === 'string' ? bareNumber(tolerance) : tolerance;
  return typeof read === 'number' ? Math.abs(read) : undefined;
}

export const numeric = reward({
  help: 'the last number of the answer is the right one, within a tolerance',
  group: 'answer',
  source: 'the studio; a column "tolerance" of the data goes before the setting',
  readsLabel: true,
  parameters: {
    numericAbsolute: {
      ...{ kind: 'float', default: 0, min: 0, max: 1e9 },
      label: 'Numbers may differ by',
      help: 'numeric takes a number as right that differs by no more. A column "tolerance" of the data says it row by row.',
    },
    numericRelative: {
      ...{ kind: 'float', default: 1e-6, min: 0, max: 1 },
      label: 'Numbers may differ by a share of',
      help: 'numeric takes a number as right that differs by no more than this times the right one.',
    },
  },
  range: zeroToOne,
  columns: (row) => {
    const tolerance = ownTolerance(row);
    return tolerance === undefined ? {} : { tolerance };
  },
  score: (text, { label, row, numericAbsolute, numericRelative }) => {
    const gold = label === null ? null : bareNumber(label);
    if (gold === null) return null;
    const said = readNumber(saidAnswer(text) ?? '');
    const tolerance = Math.max(ownTolerance(row) ?? numericAbsolute, numericRelative * Math.abs(gold));
    return Number(said !== null && Math.abs(said - gold) <= tolerance * ROUNDING);
  },
  python: `
def _own_tolerance(row):
    tolerance = row.get("tolerance")
    read = _bare_number(tolerance) if isinstance(tolerance, str) else tolerance
    return abs(read) if isinstance(read, (int, float)) and not isinstance(read, bool) else None


def _numeric(text, about):
    gold = None if about.label is None else _bare_number(about.label)
    if gold is None:
        return None
    said, own = _read_number(_said_answer(text) or ""), _own_tolerance(about.row)
    absolute = _setting("numericAbsolute", 0) if own is None else own
    tolerance = max(absolute, _setting("numericRelative", 1e-6) * abs(gold))
    return float(said is not None and abs(said - gold) <= tolerance * (1 + 1e-9))
`,
  cases: [
    { text: '<answer>1,000.0</answer>', label: '1000', score: 1 },
    { text: 'It took 12 weeks and 3 days: 87 days.', label: '87', score: 1 },
    { text: '<answer>3/4</answer>', label: '.75', score: 1 },
    { text: '<answer>−4</answer>', label: '-4', score: 1 },
    { text: '<answer>0.3</answer>', label: '0.2', numericAbsolute: 0.1, score: 1 },
    { text: '<answer>104</answer>', label: '100', numericRelative: 0.05, score: 1 },
    { text: '<answer>104</answer>', label: '100', row: { tolerance: 4 }, score: 1 },
    { text: '<answer>104</answer>', label: '100', row: { tolerance: '3' }, numericAbsolute: 9, score: 0 },
    { text: '<answer>none</answer>', label: '0', score: 0 },
    { text: '<think>87', label: '87', score: 0 },
    { text: '87', label: 'happy', score: null },
    { text: '87', label: null, score: null },
  ],
});
