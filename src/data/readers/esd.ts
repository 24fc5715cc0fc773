/**
 * ESD: speakers who say the same 350 sentences in five emotions.
 *   0001/Angry/0001_000351.wav                   perhaps with train, evaluation and test below the emotion
 *   0001/0001.txt                                lines 0001_000351<TAB>text<TAB>生气, in an encoding of their own
 * Folder and list say the same; a clip of which they say two things is left out.
 */
import { baseName, extension } from '../../io/files/files.ts';
import { InputError } from '../../math/errors.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { emotionOf } from '../emotion-words.ts';
import { fileIssue } from '../issues.ts';
import { labelKey } from '../labels.ts';
import { listText } from '../list-text.ts';
import { splitOfWord } from '../split-words.ts';
import type { AnnotationRow } from '../types.ts';
import type { Reader, Source } from './reader.ts';

const NAME = /^(?<speaker>\d{4})_\d{6}$/;
const LIST = /(?:^|\/)\d{4}\.txt$/;

export const esd: Reader = {
  name: 'ESD',
  /** Most clips have such a name, and lie in folders of emotions or beside the lists. */
  recognises({ tree, clips }) {
    const paths = [...clips.files.keys()];
    const isSaid = (path: string) =>
      path
        .split('/')
        .slice(0, -1)
        .some((folder) => emotionOf(folder) !== undefined);
    return (
      paths.filter((path) => NAME.test(stemOf(path))).length * 2 > paths.length &&
      (paths.some(isSaid) || tree.files.some(({ path }) => LIST.test(path)))
    );
  },
  owns: (path) => LIST.test(path),
  async read({ tree, clips, ownLabels }) {
    const { lines, issues } = await linesOf(tree.files.filter(({ path }) => LIST.test(path)));
    const rows: AnnotationRow[] = [];
    for (const path of clips.files.keys()) {
      const read = rowOf(path, lines.get(stemOf(path)), ownLabels);
      if ('reason' in read) issues.push(read);
      else rows.push(read);
    }
    return { rows, issues, met: clips.files.size };
  },
};

const stemOf = (path: string): string => baseName(path).replace(/\.\w+$/, '');

interface Line {
  readonly text: string;
  readonly emotion: string;
}

/** Texts and emotions by clip. A list that cannot be read leaves what the folders say. */
async function linesOf(
  files: Source['tree']['files'],
): Promise<{ readonly lines: Map<string, Line>; readonly issues: DataIssue[] }> {
  const lines = new Map<string, Line>();
  const issues: DataIssue[] = [];
  for (const file of files.filter(({ path }) => extension(path) === 'txt')) {
    try {
      for (const line of (await listText(file)).replace(/^\uFEFF/, '').split('\n')) {
        const [id = '', text = '', emotion = ''] = line.split('\t').map((cell) => cell.trim());
        if (NAME.test(id)) lines.set(id, { text, emotion });
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push(fileIssue(file.path, error));
    }
  }
  return { lines, issues };
}

function rowOf(
  path: string,
  line: Line | undefined,
  ownLabels: Source['ownLabels'],
): AnnotationRow | DataIssue {
  const skip = (reason: DataIssue['reason'], message: string): DataIssue => ({
    reason,
    file: path,
    message,
    hint: 'The file was left out.',
  });
  const speaker = NAME.exec(stemOf(path))?.groups?.speaker;
  if (speaker === undefined)
    return skip('name not understood', 'The name is not speaker_number, as 0001_000351.');
  const folders = path.split('/').slice(0, -1);
  const folder = folders.find((name) => emotionOf(name) !== undefined);
  const [inFolder, inList] = [emotionOf(folder ?? ''), emotionOf(line?.emotion ?? '')];
  if (inFolder !== undefined && inList !== undefined && inFolder !== inList)
    return skip('label contradicted', `The folder says ${folder}, the list ${line!.emotion}.`);
  const word = inFolder ?? inList;
  if (word === undefined) return skip('label missing', 'Neither a folder nor the list says its emotion.');
  const writtenLabel = folder ?? line!.emotion;
  const label = ownLabels.get(labelKey(writtenLabel)) ?? ownLabels.get(word) ?? word;
  const split = folders.map(splitOfWord).findLast((each) => each !== null) ?? null;
  const said = { label, writtenLabel, question: null, answer: label, speaker, split };
  return { file: path, media: [{ path }], ...said, ...(line?.text ? { note: line.text } : {}) };
}
