/** CREMA-D: actors who say one of twelve sentences in six emotions, everything said by a file's name: 1001_DFA_ANG_XX.wav. */
import { baseName } from '../../io/files/files.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { bestFirst } from '../clip-index.ts';
import { labelKey } from '../labels.ts';
import { CREMA_D_NAME } from '../speaker-names.ts';
import type { AnnotationRow } from '../types.ts';
import type { Reader } from './reader.ts';

const LABELS: Readonly<Record<string, string>> = {
  ANG: 'angry',
  DIS: 'disgust',
  FEA: 'fear',
  HAP: 'happy',
  NEU: 'neutral',
  SAD: 'sad',
};
/** Its tables of actors, sentences and raters: what was meant to be acted is in the names. */
const OWN_FILE =
  /(?:^|\/)(?:SentenceFilenames|VideoDemographics|finished\w*Responses\w*|summaryTable|tabulatedVotes)\.csv$/i;

export const cremaD: Reader = {
  name: 'CREMA-D',
  /** Most clips have such a name. */
  recognises({ clips }) {
    const paths = [...clips.files.keys()];
    return paths.filter((path) => CREMA_D_NAME.test(baseName(path))).length * 2 > paths.length;
  },
  owns: (path) => OWN_FILE.test(path),
  read({ clips, ownLabels }) {
    const rows = new Map<string, AnnotationRow>();
    const issues: DataIssue[] = [];
    const paths = [...clips.files.keys()];
    // Of a clip's picture and its sound in two files the video is taken, where it can be read.
    for (const path of bestFirst(paths)) {
      const { actor, emotion } = CREMA_D_NAME.exec(baseName(path))?.groups ?? {};
      const word = LABELS[emotion?.toUpperCase() ?? ''];
      if (actor === undefined || emotion === undefined || word === undefined) {
        issues.push(skipped('name not understood', path, 'The name is not actor_sentence_emotion_strength.'));
        continue;
      }
      const stem = baseName(path)
        .replace(/\.\w+$/, '')
        .toUpperCase();
      const first = rows.get(stem);
      if (first) {
        issues.push(skipped('file set aside', path, `The same clip as ${first.file}.`));
        continue;
      }
      const label = ownLabels.get(labelKey(emotion)) ?? ownLabels.get(word) ?? word;
      const said = {
        label,
        writtenLabel: emotion,
        question: null,
        answer: label,
        speaker: actor,
        split: null,
      };
      rows.set(stem, { file: path, media: [{ path }], ...said });
    }
    return { rows: [...rows.values()], issues, met: paths.length };
  },
};

const skipped = (reason: DataIssue['reason'], file: string, message: string): DataIssue => ({
  reason,
  file,
  message,
  hint: 'The file was left out.',
});
