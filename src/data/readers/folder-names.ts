/** What a folder is there for, as far as its name tells. */

export type Role = 'sense' | 'speaker' | 'number' | 'part' | 'class' | 'unknown';

const SENSES: Readonly<Record<string, 'video' | 'sound'>> = {
  video: 'video',
  videos: 'video',
  visual: 'video',
  mp4: 'video',
  mp4s: 'video',
  frames: 'video',
  faces: 'video',
  images: 'video',
  audio: 'sound',
  audios: 'sound',
  sound: 'sound',
  speech: 'sound',
  wav: 'sound',
  wavs: 'sound',
  mp3: 'sound',
  flac: 'sound',
};
const PERSON =
  /^(?:speaker|spkr?|subj(?:ect)?|sub|actor|actress|participant|person|patient|user|volunteer|talker|performer|signer|child|client|ses(?:sion)?\d+)[ _.-]?(?:[a-z]|[a-z]?\d+[a-z]?)$/i;
/** M003, S01, p225, id10001, f1, male2. */
const SPEAKER_CODE = /^(?:(?:id|[a-z]{1,2})[_-]?\d{2,}|(?:[fm]|(?:fe)?male|(?:wo)?man)[_-]?\d)$/i;
/** Parts of a recording, a place, a view, a strength or a sex: nothing that a label would be made of where another level is there. */
const PART =
  /^(?:(?:level|intensity|take|session|part|batch|sentence|sent|utterance|utt|dialog(?:ue)?|clips?|view|cam(?:era)?|trial|rep(?:etition)?|chunk|seg(?:ment)?|scene|seq(?:uence)?|vol(?:ume)?|dis[ck]|cd|folder|group|round|day|run|episode|season|shard|split|statement|fold)[ _.-]?\w{0,4}|(?:front|frontal|left|right|top|down|up|side|profile|back)(?:[ _-]?\d+)?|(?:un)?labell?ed|(?:un)?seen|(?:held|hold)[ _-]?out|raw|original|processed|cropped|extra|public|private|low|medium|mid|high|weak|strong|faible|forte?|debole|normal|male|female|men|women|man|woman|lo|md|hi|xx)$/i;
const CLASS = /^(?:class|label|emotion|category)[ _.-]?\w+$/i;

export const senseOf = (name: string): 'video' | 'sound' | undefined =>
  Object.hasOwn(SENSES, name.toLowerCase()) ? SENSES[name.toLowerCase()] : undefined;

export function roleOf(name: string): Role {
  if (senseOf(name)) return 'sense';
  if (/^\d+$/.test(name)) return 'number';
  if (PART.test(name)) return 'part';
  if (PERSON.test(name) || SPEAKER_CODE.test(name)) return 'speaker';
  return CLASS.test(name) ? 'class' : 'unknown';
}
