/**
 * IEMOCAP: two actors a session, said by text files of every dialogue:
 *   Session1/dialog/EmoEvaluation/Ses01F_impro01.txt   lines [6.29 - 8.23]<TAB>Ses01F_impro01_F000<TAB>neu<TAB>[2.5, 2.5, 2.5]
 *   Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav
 */
import { baseName } from '../../io/files/files.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { labelKey } from '../labels.ts';
import { listText } from '../list-text.ts';
import { speakerOfName } from '../speaker-names.ts';
import type { AnnotationRow } from '../types.ts';
import { mergeRows, type Reader, type Source } from './reader.ts';

const LIST = /(?:^|\/)EmoEvaluation\/Ses\d{2}[FM]_\w+\.txt$/;
const LINE = /^\[[\d.]+ - [\d.]+\]\t(?<turn>Ses\w+)\t(?<code>\w+)\t/;
const LABELS: Readonly<Record<string, string>> = {
  neu: 'neutral',
  hap: 'happy',
  sad: 'sad',
  ang: 'angry',
  sur: 'surprise',
  fea: 'fear',
  dis: 'disgust',
  fru: 'frustrated',
  exc: 'excited',
  oth: 'other',
};

export const iemocap: Reader = {
  name: 'IEMOCAP',
  recognises: ({ tree }) => tree.files.some(({ path }) => LIST.test(path)),
  owns: () => false,
  async read({ tree, clips, ownLabels }) {
    const paths = new Map([...clips.files.keys()].map((path) => [stemOf(path), path]));
    const lists = tree.files.filter(({ path }) => LIST.test(path));
    const read = await Promise.all(
      lists.map(async (file) => rowsOf(file.path, await listText(file), { paths, ownLabels })),
    );
    return mergeRows(read);
  },
};

const stemOf = (path: string): string => baseName(path).replace(/\.\w+$/, '');

interface Known extends Pick<Source, 'ownLabels'> {
  /** Clips by the names of their turns. */
  readonly paths: ReadonlyMap<string, string>;
}

function rowsOf(file: string, text: string, { paths, ownLabels }: Known) {
  const rows: AnnotationRow[] = [];
  const issues: DataIssue[] = [];
  text.split('\n').forEach((line, index) => {
    const { turn, code } = LINE.exec(line)?.groups ?? {};
    if (turn === undefined || code === undefined) return;
    const row = index + 1;
    const word = LABELS[code];
    const label = ownLabels.get(labelKey(code)) ?? (word && (ownLabels.get(word) ?? word));
    if (label === undefined) {
      const message = `${turn}: the raters agree on no label (${code}).`;
      issues.push({ reason: 'raters disagree', file, row, message, hint: 'The turn was left out.' });
      return;
    }
    const said = { label, writtenLabel: code, question: null, answer: label, split: null };
    rows.push({
      file,
      row,
      media: [{ path: paths.get(turn) ?? turn }],
      ...said,
      speaker: speakerOfName(turn),
    });
  });
  return { rows, issues, met: rows.length + issues.length };
}
