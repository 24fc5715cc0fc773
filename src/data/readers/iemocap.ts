/**
 * IEMOCAP: two actors a session, said by text files of every dialogue:
 *   Session1/dialog/EmoEvaluation/Ses01F_impro01.txt   lines [6.29 - 8.23]<TAB>Ses01F_impro01_F000<TAB>neu<TAB>[2.5, 2.5, 2.5]
 *   Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav
 *   Session1/dialog/avi/DivX/Ses01F_impro01.avi        both actors side by side, from which a turn is a part
 * Of a turn that has no file of its own the part of its dialogue is taken: its video, else its sound.
 */
import { baseName } from '../../io/files/files.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { bestFirst } from '../clip-index.ts';
import { labelKey } from '../labels.ts';
import { listText } from '../list-text.ts';
import { speakerOfName } from '../speaker-names.ts';
import type { AnnotationRow, NamedMedium } from '../types.ts';
import { mergeRows, type Reader, type Source } from './reader.ts';

const LIST = /(?:^|\/)EmoEvaluation\/Ses\d{2}[FM]_\w+\.txt$/;
const LINE = /^\[(?<start>[\d.]+) - (?<end>[\d.]+)\]\t(?<turn>Ses\w+)\t(?<code>\w+)\t/;
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
    // The best last: it is kept of a dialogue with several.
    const ordered = bestFirst([...clips.files.keys()]).reverse();
    const paths = new Map(ordered.map((path) => [stemOf(path), path]));
    const lists = tree.files.filter(({ path }) => LIST.test(path));
    const read = await Promise.all(
      lists.map(async (file) => rowsOf(file.path, await listText(file), { paths, ownLabels })),
    );
    return mergeRows(read);
  },
};

const stemOf = (path: string): string => baseName(path).replace(/\.\w+$/, '');

/** Name of a dialogue in that of its turn: 'Ses01F_impro01_M012' is one of 'Ses01F_impro01'. */
const dialogueOf = (turn: string): string => turn.replace(/_[FM]\w*$/, '');

function mediumOf(
  turn: string,
  part: { readonly start: number; readonly end: number },
  paths: Known['paths'],
): NamedMedium {
  const own = paths.get(turn);
  const dialogue = paths.get(dialogueOf(turn));
  if (own !== undefined || dialogue === undefined) return { path: own ?? turn };
  return { path: dialogue, ...part };
}

interface Known extends Pick<Source, 'ownLabels'> {
  /** Clips by the names of their turns. */
  readonly paths: ReadonlyMap<string, string>;
}

function rowsOf(file: string, text: string, { paths, ownLabels }: Known) {
  const rows: AnnotationRow[] = [];
  const issues: DataIssue[] = [];
  text.split('\n').forEach((line, index) => {
    const { turn, code, start, end } = LINE.exec(line)?.groups ?? {};
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
    const media = [mediumOf(turn, { start: Number(start), end: Number(end) }, paths)];
    rows.push({ file, row, media, ...said, speaker: speakerOfName(turn) });
  });
  return { rows, issues, met: rows.length + issues.length };
}
