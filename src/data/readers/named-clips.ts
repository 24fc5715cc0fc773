/** Data sets whose files' names say what the clips show. */
import { baseName } from '../../io/files/files.ts';
import type { DataIssue } from '../../protocol/messages.ts';
import { bestFirst } from '../clip-index.ts';
import { emotionOf } from '../emotion-words.ts';
import { labelKey } from '../labels.ts';
import type { AnnotationRow } from '../types.ts';
import { type Reader, type Reading, type Source, spread } from './reader.ts';

export interface Told {
  /** What stands in the name for the emotion. */
  readonly code: string;
  /** What it means; undefined for a code without a meaning. */
  readonly word: string | undefined;
  readonly speaker: string;
  /** What the clip shares with other recordings of the same moment. */
  readonly key: string;
}

/** What a path says; undefined for a name of another form. */
type Tell = (path: string) => Told | undefined;

/** How the names of a data set are made, for people. */
interface Naming {
  readonly name: string;
  readonly form: string;
  readonly tell: Tell;
}

/** EmoDB: wav/03a01Fa.wav is speaker, text, emotion (by its German initial), take. */
const EMO_DB: Readonly<Record<string, string>> = {
  W: 'angry',
  L: 'bored',
  E: 'disgust',
  A: 'fear',
  F: 'happy',
  T: 'sad',
  N: 'neutral',
};
/** SAVEE: DC/sa01.wav or DC_sa01.wav is speaker, emotion, sentence. */
const SAVEE: Readonly<Record<string, string>> = {
  a: 'angry',
  d: 'disgust',
  f: 'fear',
  h: 'happy',
  n: 'neutral',
  sa: 'sad',
  su: 'surprise',
};
/** eNTERFACE'05: subject 1/anger/sentence 1/s1_an_1.avi is subject, emotion, sentence. */
const ENTERFACE: Readonly<Record<string, string>> = {
  an: 'angry',
  di: 'disgust',
  fe: 'fear',
  ha: 'happy',
  sa: 'sad',
  su: 'surprise',
};

/** EMOVO: f1/dis-f1-b1.wav is emotion (Italian), speaker, sentence. */
const EMOVO: Readonly<Record<string, string>> = {
  dis: 'disgust',
  gio: 'happy',
  neu: 'neutral',
  pau: 'fear',
  rab: 'angry',
  sor: 'surprise',
  tri: 'sad',
};
/** ShEMO: female/F01A01.wav is speaker, emotion, number. */
const SHEMO: Readonly<Record<string, string>> = {
  A: 'angry',
  F: 'fear',
  H: 'happy',
  N: 'neutral',
  S: 'sad',
  W: 'surprise',
};

/** Names that are looked at first. */
const SAMPLE = 100;

const stemOf = (path: string): string => baseName(path).replace(/\.\w+$/, '');
const parentOf = (path: string): string => path.split('/').at(-2) ?? '';

const NAMINGS: readonly Naming[] = [
  {
    name: 'EmoDB',
    form: 'speaker, text, emotion and take, as 03a01Fa',
    tell(path) {
      const found = /^(?<speaker>0[38]|09|1[0-6])[ab]\d{2}(?<code>[A-Z])[a-z]?$/.exec(stemOf(path))?.groups;
      return found && told(found.speaker!, found.code!, EMO_DB, stemOf(path));
    },
  },
  {
    name: 'SAVEE',
    form: 'speaker, emotion and sentence, as DC_sa01 or DC/sa01',
    tell(path) {
      const found = /^(?:(?<speaker>DC|JE|JK|KL)_)?(?<code>[a-z]{1,2})\d{2}$/.exec(stemOf(path))?.groups;
      const folder = /^(?:DC|JE|JK|KL)$/.test(parentOf(path)) ? parentOf(path) : undefined;
      const speaker = found?.speaker ?? folder;
      return found && speaker
        ? told(speaker, found.code!, SAVEE, `${speaker} ${stemOf(path).replace(/^.._/, '')}`)
        : undefined;
    },
  },
  {
    name: 'TESS',
    form: 'speaker, word and emotion, as OAF_back_angry',
    tell(path) {
      const found = /^(?<speaker>OAF?|YAF)_(?<said>[a-z]+)_(?<code>[a-z]+)$/i.exec(stemOf(path))?.groups;
      if (!found) return undefined;
      const code = found.code!.toLowerCase();
      const meaning = code === 'ps' ? 'surprise' : emotionOf(code);
      // One file of the older speaker is named OA_bite_neutral.
      const speaker = found.speaker!.toUpperCase().replace(/^OA$/, 'OAF');
      return { code, word: meaning, speaker, key: `${speaker} ${found.said} ${code}` };
    },
  },
  {
    name: 'eNTERFACE',
    form: 'subject, emotion and sentence, as s1_an_1',
    tell(path) {
      const found = /^s_?(?<subject>\d{1,2})_(?<code>[a-z]{2})_\d(?:avi)?$/i.exec(stemOf(path))?.groups;
      if (!found) return undefined;
      const folder = path.split('/').find((part) => /^subject[ _]?\d+$/i.test(part));
      return told(folder ?? `subject ${found.subject}`, found.code!.toLowerCase(), ENTERFACE, path);
    },
  },
  {
    name: 'EMOVO',
    form: 'emotion, speaker and sentence, as dis-f1-b1',
    tell(path) {
      const found = /^(?<code>[a-z]{3})-(?<speaker>[fm]\d)-[a-z]\d$/.exec(stemOf(path))?.groups;
      return found && told(found.speaker!, found.code!, EMOVO, stemOf(path));
    },
  },
  {
    name: 'ShEMO',
    form: 'speaker, emotion and number, as F01A01',
    tell(path) {
      const found = /^(?<speaker>[FM]\d{2})(?<code>[A-Z])\d{2}$/.exec(stemOf(path))?.groups;
      return found && told(found.speaker!, found.code!, SHEMO, stemOf(path));
    },
  },
];

function told(speaker: string, code: string, words: Readonly<Record<string, string>>, key: string): Told {
  return { code, word: Object.hasOwn(words, code) ? words[code] : undefined, speaker, key };
}

export const namedClips: readonly Reader[] = NAMINGS.map((naming) => ({
  name: naming.name,
  /** Most clips have such a name, and these say more than one emotion. */
  recognises({ clips }: Source) {
    const paths = [...clips.files.keys()];
    // Of many thousand names a few tell that they are others.
    const isNamed = (path: string) => naming.tell(path)?.word !== undefined;
    if (!spread(paths, SAMPLE).some(isNamed)) return false;
    const named = paths.map(naming.tell).filter((each) => each?.word !== undefined);
    return named.length * 2 > paths.length && new Set(named.map((each) => each!.word)).size > 1;
  },
  owns: () => false,
  read: (source: Source) => readNames(naming, source),
}));

function readNames({ form, tell }: Naming, { clips, ownLabels }: Source): Reading {
  const rows = new Map<string, AnnotationRow>();
  const issues: DataIssue[] = [];
  const paths = [...clips.files.keys()];
  const skip = (reason: DataIssue['reason'], file: string, message: string) =>
    issues.push({ reason, file, message, hint: 'The file was left out.' });
  // Of a clip's picture and its sound in two files the video is taken, where it can be read.
  for (const path of bestFirst(paths)) {
    const name = tell(path);
    if (!name) skip('name not understood', path, `The name is not ${form}.`);
    else if (name.word === undefined)
      skip('label unknown', path, `The code ${name.code} means no emotion that is known.`);
    else if (otherFolder(path, name.word))
      skip(
        'label contradicted',
        path,
        `The name says ${name.word}, the folder ${otherFolder(path, name.word)}.`,
      );
    else if (rows.has(name.key))
      skip('file set aside', path, `The same clip as ${rows.get(name.key)!.file}.`);
    else {
      const { code, speaker } = name;
      const label = ownLabels.get(labelKey(code)) ?? ownLabels.get(name.word) ?? name.word;
      const said = { label, writtenLabel: code, question: null, answer: label, speaker, split: null };
      rows.set(name.key, { file: path, media: [{ path }], ...said });
    }
  }
  return { rows: [...rows.values()], issues, met: paths.length };
}

/** A folder that is named after another emotion. */
const otherFolder = (path: string, meaning: string): string | undefined =>
  path
    .split('/')
    .slice(0, -1)
    .find((folder) => emotionOf(folder) !== undefined && emotionOf(folder) !== meaning);
