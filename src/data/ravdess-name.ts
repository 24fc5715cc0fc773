import { baseName } from '../io/files/files.ts';

/** MM-VC-EE-II-SS-RR-AA: modality, vocal channel, emotion, intensity, statement, take, actor. */
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
  const stem = baseName(path).replace(/\.\w+$/, '');
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
