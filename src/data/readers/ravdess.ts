/**
 * RAVDESS: acted speech and song in folders Actor_{01..24}, everything said by a file's name. Speech with both picture and
 * sound is read; where there is none, that of sound alone, else that of pictures alone.
 */
import { baseName } from '../../io/files/files.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { canonicalLabel, type LabelMap, RAVDESS_LABELS } from '../labels.ts';
import { parseRavdessName } from '../ravdess-name.ts';
import type { AnnotationRow } from '../types.ts';
import type { Reader } from './reader.ts';

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
    const senses = new Set([...clips.files.keys()].map((path) => parseRavdessName(path)?.modality));
    const sense = SENSES.find((each) => senses.has(each)) ?? SENSES[0];
    for (const path of clips.files.keys()) {
      const name = baseName(path).toLowerCase();
      const read = rowOf(path, { first: seen.get(name), sense, ownLabels });
      if ('reason' in read) issues.push(read);
      else rows.push(read);
      if (!seen.has(name)) seen.set(name, path);
    }
    return { rows, issues, met: clips.files.size };
  },
};

/** Modalities, the fullest first: the others are the same takes. */
const SENSES = ['audio and video', 'audio only', 'video only'] as const;

interface Reading {
  /** An earlier file of the same name; the archives hold some folders twice. */
  readonly first: string | undefined;
  readonly sense: string;
  readonly ownLabels: LabelMap;
}

function rowOf(path: string, { first, sense, ownLabels }: Reading): AnnotationRow | DataIssue {
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
  if (modality !== sense) {
    return skip('one sense only', `Modality ${modality}.`, `Only files of the modality ${sense} are read.`);
  }
  if (channel !== 'speech') {
    return skip('song, not speech', `Vocal channel ${channel}.`, 'Only speech (01-01-…) is read.');
  }
  if (first !== undefined) return skip('row repeated', `The same file as ${first}.`, 'The first was kept.');
  const label = canonicalLabel(emotion, RAVDESS_LABELS, ownLabels);
  if (label === undefined) {
    return skip('label unknown', `Emotion code ${emotion} is not one of 01 to 08.`, 'Correct the name.');
  }
  return {
    file: path,
    media: [{ path }],
    label,
    writtenLabel: emotion,
    question: null,
    answer: label,
    speaker: actor,
    split: null,
    note: `actor ${actor}, ${intensity}, “${statement}”, take ${take}`,
  };
}
