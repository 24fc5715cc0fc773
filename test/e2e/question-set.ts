/**
 * A set of forty questions, in the form of Video-R1: of text alone, about pictures, videos and sounds, ten each; multiple
 * choice, numbers and free answers in turn. Two rows ask about the same clip.
 */
import { type Folder, makeFolder } from './folders.ts';

export type Sense = 'text' | 'image' | 'video' | 'audio';

interface Row {
  readonly problem_id: number;
  readonly problem: string;
  readonly problem_type: 'multiple choice' | 'numerical' | 'free-form';
  readonly options?: readonly string[];
  readonly solution: string;
  readonly image?: string;
  readonly video?: string;
  readonly audio?: string;
  readonly split: 'train' | 'test';
}

export const SENSES: readonly Sense[] = ['text', 'image', 'video', 'audio'];
const TYPES = ['multiple choice', 'numerical', 'free-form'] as const;
/** Files of a sense, as they lie in `test/clips`. */
const FILES: Readonly<Record<Sense, readonly string[]>> = {
  text: [],
  image: ['a.png', 'b.png', 'c.png'],
  video: ['h264-aac.mp4', 'vp9-opus.webm', 'no-sound.mp4'],
  audio: ['tone.wav', 'tone.mp3'],
};
const SUBJECT: Readonly<Record<Sense, string>> = {
  text: 'the sentence "it rains"',
  image: 'the picture',
  video: 'the video',
  audio: 'the sound',
};

function rowOf(index: number): Row {
  const sense = SENSES[index % SENSES.length]!;
  const problem_type = TYPES[Math.floor(index / SENSES.length) % TYPES.length]!;
  const files = FILES[sense];
  const file = files[Math.floor(index / SENSES.length) % Math.max(1, files.length)];
  const asked = { problem_id: index, problem: `Question ${index}: what do you find in ${SUBJECT[sense]}?` };
  const shown = file === undefined ? {} : { [sense]: `./media/${file}` };
  const split = index < 32 ? 'train' : 'test';
  const answer = { 'multiple choice': 'B', numerical: String(index), 'free-form': `thing ${index}` }[
    problem_type
  ];
  return {
    ...asked,
    problem_type,
    ...(problem_type === 'multiple choice' ? { options: ['A. Nothing', 'B. Something', 'C. A cat'] } : {}),
    solution: `<answer>${answer}</answer>`,
    ...shown,
    split,
  };
}

/** Its rows in their order: row `i` is about `SENSES[i % 4]`. */
export const ROWS: readonly Row[] = Array.from({ length: 40 }, (_, index) => rowOf(index));

/** `questions.jsonl` and what it shows and plays, in a folder. */
export function questionSet(name: string): Folder {
  const folder = makeFolder(name);
  folder.add('questions.jsonl', ROWS.map((row) => JSON.stringify(row)).join('\n'));
  for (const file of Object.values(FILES).flat()) folder.copy(`media/${file}`, `test/clips/${file}`);
  return folder;
}
