/** Whose form a list has, told by the keys of its first entry. For people: nothing is read by it. */
import { isRecord } from '../json-shapes.ts';
import { Fields } from './fields.ts';

/** 'Video-R1', 'ms-swift' and the like; undefined where the keys are nobody's own. */
export function formOf(items: readonly unknown[]): string | undefined {
  const first = items.find(isRecord);
  if (!first) return undefined;
  const fields = new Fields(first);
  return FORMS.find(({ has }) => has(fields))?.name;
}

interface Form {
  readonly name: string;
  has(fields: Fields): boolean;
}

const isList = (fields: Fields, name: string): boolean => fields.list([name]) !== undefined;
const hasAny = (fields: Fields, ...names: readonly string[]): boolean =>
  names.some((name) => fields.of(name) !== undefined);
const LISTS_OF_MEDIA = ['videos', 'audios', 'images'] as const;

/** The more particular before those whose keys they have, too. */
const FORMS: readonly Form[] = [
  {
    name: 'Label Studio',
    has: (fields) =>
      (isRecord(fields.of('data')) && (isList(fields, 'annotations') || isList(fields, 'completions'))) ||
      hasAny(fields, 'annotationid'),
  },
  { name: 'verl', has: (fields) => isList(fields, 'prompt') && isRecord(fields.of('rewardmodel')) },
  { name: 'HumanOmniV2', has: (fields) => hasAny(fields, 'problemtype') && hasAny(fields, 'cleanlist') },
  { name: 'Video-R1', has: (fields) => hasAny(fields, 'problemtype') && hasAny(fields, 'problem') },
  {
    name: 'LLaMA-Factory',
    has: (fields) => isList(fields, 'conversations') && LISTS_OF_MEDIA.some((name) => isList(fields, name)),
  },
  { name: 'R1-Omni', has: (fields) => isList(fields, 'conversations') && hasAny(fields, 'video') },
  { name: 'LLaVA', has: (fields) => isList(fields, 'conversations') && hasAny(fields, 'image') },
  { name: 'ShareGPT', has: (fields) => isList(fields, 'conversations') },
  {
    name: 'ms-swift',
    has: (fields) =>
      isList(fields, 'messages') && hasAny(fields, ...LISTS_OF_MEDIA, 'video', 'audio', 'image'),
  },
  { name: 'TRL', has: (fields) => isList(fields, 'prompt') },
  { name: 'Alpaca', has: (fields) => hasAny(fields, 'instruction') && hasAny(fields, 'output') },
  { name: 'R1-V', has: (fields) => hasAny(fields, 'problem') && hasAny(fields, 'image') },
];
