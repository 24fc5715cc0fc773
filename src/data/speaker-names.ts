import { baseName } from '../io/files/files.ts';
import { parseRavdessName } from './ravdess-name.ts';

/** CREMA-D: actor, sentence, emotion, strength. */
export const CREMA_D_NAME =
  /^(?<actor>1\d{3})_(?<sentence>[A-Z]{3})_(?<emotion>[A-Z]{3})_(?<level>[A-Z]{1,2})(?:\.\w+)?$/i;
/** IEMOCAP: session, the speaker who wears the markers, dialogue, then who says this turn. */
const IEMOCAP_NAME = /^(?<session>Ses\d{2})[FM]_.+_(?<sex>[FM])\d{3}(?:\.\w+)?$/i;

/** Who is seen and heard by a clip's name, where a published data set says it there; null elsewhere. */
export function speakerOfName(path: string): string | null {
  const name = baseName(path);
  const actor = parseRavdessName(path)?.actor ?? CREMA_D_NAME.exec(name)?.groups?.actor;
  if (actor !== undefined) return actor;
  const { session, sex } = IEMOCAP_NAME.exec(name)?.groups ?? {};
  return session === undefined ? null : `${session}${sex}`;
}
