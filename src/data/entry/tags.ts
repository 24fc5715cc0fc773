/** What stands for a medium in a text: <image>, <video>, <audio>, as LLaVA, R1-Omni, ms-swift and LLaMA-Factory write it. */
import type { MediumKind } from '../types.ts';

const TAG = /<(image|video|audio)>/g;
const LEADING = /^(?:\s*<(?:image|video|audio)>)+\s*/;
/** At either end of a question that names nothing. */
const AT_AN_END = /^<(?:video|audio|image)>|<(?:video|audio|image)>$/;

export const tagOf = (kind: MediumKind): string => `<${kind}>`;

/** The kinds of a text's tags, in their order. */
export const tagsIn = (text: string): MediumKind[] =>
  [...text.matchAll(TAG)].map(([, kind]) => kind as MediumKind);

/** Without the tags that stand in front. */
export const withoutLeadingTags = (text: string): string => text.replace(LEADING, '');

/** With tags of one kind in the place of those of another. */
export const withTagsAs = (from: MediumKind, to: MediumKind, text: string): string =>
  text.replaceAll(tagOf(from), tagOf(to));

/** Without all tags of a kind, each with the newline behind it. */
export const withoutTagsOf = (kind: MediumKind, text: string): string =>
  text.replaceAll(new RegExp(`<${kind}>\\n?`, 'g'), '');

/** The tag at an end of a text; undefined for none. One amid a sentence may be spoken of. */
export const tagAtAnEnd = (text: string): string | undefined => AT_AN_END.exec(text)?.[0];
