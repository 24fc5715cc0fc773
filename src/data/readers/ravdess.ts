/**
 * RAVDESS: acted speech and song, everything said by a file's name, MM-VC-EE-II-SS-RR-AA.mp4 in folders Actor_{01..24}:
 * modality, vocal channel, emotion, intensity, statement, take, actor. Speech with both picture and sound is read.
 */
import { baseName, extension } from '../../io/files.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { canonicalLabel, type LabelMap, RAVDESS_LABELS } from '../labels.ts';
import type { AnnotationRow } from '../types.ts';
import type { Reader } from './reader.ts';

const NAME = /^\d\d(?:-\d\d){6}$/;
/** Words of the codes, from 01. */
const MODALITIES = ['audio and video', 'video only', 'audio only'];
const CHANNELS = ['speech', 'song'];
const EMOTIONS = ['neutral', 'calm', 'happy', 'sad', 'angry', 'fearful', 'disgust', 'surprised'];
const INTENSITIES = ['normal', 'strong'];
const STATEMENTS = ['Kids are talking by the door', 'Dogs are sitting by the door'];

export interface RavdessName {
  readonly modality: string;
  readonly channel: string;
  readonly emotion: string;
  readonly intensity: string;
  readonly statement: string;
  /** Two digits, as written. */
  readonly take: string;
  readonly actor: string;
}

/** What the name says; a code without a meaning stays as it is. undefined when the name is not of that form. */
export function parseRavdessName(path: string): RavdessName | undefined {
  const name = baseName(path);
  const stem = name.slice(0, name.length - extension(name).length - 1);
  if (!NAME.test(stem)) return undefined;
  const [modality, channel, emotion, intensity, statement, take, actor] = stem.split('-') as Codes;
  return {
    modality: word(MODALITIES, modality),
    channel: word(CHANNELS, channel),
    emotion: word(EMOTIONS, emotion),
    intensity: word(INTENSITIES, intensity),
    statement: word(STATEMENTS, statement),
    take,
    actor,
  };
}

type Codes = [string, string, string, string, string, string, string];

function word(words: readonly string[], code: string): string {
  return words[Number(code) - 1] ?? code;
}

export const ravdess: Reader = {
  name: 'RAVDESS',
  /** Most clips have such a name. */
  recognises({ clips }) {
    const paths = [...clips.files.keys()];
    return paths.filter((path) => parseRavdessName(path)).length * 2 > paths.length;
  },
  owns: () => false,
  read({ clips, ownLabels }) {
    const rows: AnnotationRow[] = [];
    const issues: DataIssue[] = [];
    const seen = new Map<string, string>();
    for (const path of clips.files.keys()) {
      const name = baseName(path).toLowerCase();
      const read = rowOf(path, seen.get(name), ownLabels);
      if ('reason' in read) issues.push(read);
      else rows.push(read);
      if (!seen.has(name)) seen.set(name, path);
    }
    return { rows, issues, met: clips.files.size };
  },
};

/** `first`: an earlier file of the same name; the archives hold some folders twice. */
function rowOf(path: string, first: string | undefined, ownLabels: LabelMap): AnnotationRow | DataIssue {
  const skip = (reason: DataIssue['reason'], message: string, hint: string): DataIssue => ({
    reason,
    file: path,
    message,
    hint,
  });
  const name = parseRavdessName(path);
  if (!name) {
    return skip('name not understood', 'The name is not MM-VC-EE-II-SS-RR-AA.', 'The file was skipped.');
  }
  const { modality, channel, emotion, intensity, statement, take, actor } = name;
  if (modality !== MODALITIES[0]) {
    return skip(
      'one sense only',
      `Modality ${modality}.`,
      'Only files with picture and sound (01-…) are read.',
    );
  }
  if (channel !== CHANNELS[0]) {
    return skip('song, not speech', `Vocal channel ${channel}.`, 'Only speech (01-01-…) is read.');
  }
  if (first !== undefined) return skip('row repeated', `The same file as ${first}.`, 'The first was kept.');
  const label = canonicalLabel(emotion, RAVDESS_LABELS, ownLabels);
  if (label === undefined) {
    return skip('label unknown', `Emotion code ${emotion} is not one of 01 to 08.`, 'Correct the name.');
  }
  return {
    file: path,
    path,
    label,
    writtenLabel: emotion,
    question: null,
    answer: label,
    speaker: actor,
    split: null,
    note: `actor ${actor}, ${intensity}, “${statement}”, take ${take}`,
  };
}
