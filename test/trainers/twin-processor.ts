/** The twin's processor beside the studio's own reading of clips and questions. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { QUESTION } from '../../src/cli/demo/architecture.ts';
import { decodeFile } from '../../src/cli/node/ffmpeg.ts';
import { LOG_MEL } from '../../src/cli/parity/bounds.ts';
import { openArrays } from '../../src/cli/parity/group-case.ts';
import { distance, holds, norm, pixelDifferences } from '../../src/cli/parity/quantity.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { melFilterBank, quantisationSlack } from '../../src/media/mel.ts';
import type { MediumKind } from '../../src/media/types.ts';
import { parseConfig } from '../../src/protocol/config.ts';
import { openModel } from '../../src/worker/inputs/model.ts';
import { ffmpegIsThere } from '../setup/ffmpeg.ts';

export interface FoundProcessor {
  /** Lengths of clips of which other frames were taken than the published code takes. */
  readonly frames: readonly string[];
  /** Largest difference of the golden chirp's log-mel, made from what it was before it was rounded to 16 bits. */
  readonly chirp: number;
  readonly rows: readonly { readonly ids: readonly number[]; readonly gate: readonly number[] }[];
  /** Shape of two rows of different length, and their ids that are no padding. */
  readonly padded: readonly [readonly number[], readonly number[]];
  readonly said: readonly string[];
}

const PREPROCESS = 'test/golden/preprocess';
const DEMO = 'public/demo/model';
const CLIP = 'public/demo/clips/0001.mp4';
/** File, frames that are taken of it (0: only its sound is looked at), and the part that is. */
const CLIPS: readonly (readonly [path: string, frames: number, start?: number, end?: number])[] = [
  ['test/clips/h264-aac.mp4', 8],
  ['test/clips/vp9-opus.webm', 8],
  ['test/clips/h264-aac.mp4', 8, 0.5, 1.7],
  ['test/clips/rotated.mp4', 8],
  ['test/clips/short.gif', 8],
  ['test/clips/a.png', 1],
  ['test/clips/tone.wav', 0],
  ['test/clips/cover.mp3', 0],
  [CLIP, 4],
];
const ASKED: readonly (readonly [string, MediumKind])[] = [
  [QUESTION, 'video'],
  [QUESTION, 'image'],
  [QUESTION, 'audio'],
];
/** Of a byte, and of the whole sound: both sides are FFmpeg's libraries, maybe of two releases. */
const COLOUR_LARGEST = 1;
const COLOUR_MEAN = 0.1;
const SOUND = 1e-3;

/** What the Python side is told. */
export function givenProcessor(root: string): Record<string, unknown> {
  const shown = { video: CLIP, image: 'test/clips/a.png', audio: 'test/clips/tone.wav' };
  const whole = ([path, frames, start, end]: (typeof CLIPS)[number]) => [
    join(root, path),
    frames,
    start ?? null,
    end ?? null,
  ];
  return {
    preprocess: join(root, PREPROCESS),
    demo: join(root, DEMO),
    shown: Object.fromEntries(Object.entries(shown).map(([kind, path]) => [kind, join(root, path)])),
    clips: CLIPS.map(whole),
    asked: ASKED.map(([question, kind]) => [question, kind]),
  };
}

/** Largest difference of log-mel beyond what it explains that the golden sounds were stored with 16 bits. */
function beyondRounding(values: Float32Array, expected: Float32Array, mels: number): number {
  expect(values.length).toBe(expected.length);
  const bank = melFilterBank(mels);
  const sums = Array.from({ length: mels }, (_, m) =>
    bank.reduce((sum, weight, i) => (i % mels === m ? sum + weight : sum), 0),
  );
  const columns = values.length / mels;
  return values.reduce((most, value, i) => {
    const off = Math.abs(value - expected[i]!);
    if (off <= LOG_MEL) return most;
    return Math.max(most, off - quantisationSlack(expected[i]!, sums[Math.floor(i / columns)]!));
  }, 0);
}

export function describeProcessor(found: () => FoundProcessor, root: () => string): void {
  describe("the twin's processor", () => {
    it('takes the frames of the published rule, and makes the log-mel and the pixels of the golden case', async () => {
      expect(found().frames).toEqual([]);
      expect(found().chirp).toBeLessThan(LOG_MEL);
      const golden = (await openArrays(await treeFromDisk(PREPROCESS), 'case.safetensors'))!;
      const ours = (await openArrays(await treeFromDisk(join(root(), 'twin')), 'preprocess.safetensors'))!;
      expect(ours.names().length).toBe(12);
      for (const name of ours.names()) {
        const [values, expected] = [await ours.float32(name), await golden.float32(name)];
        const quantities = name.startsWith('image')
          ? pixelDifferences(name, values, expected)
          : [{ name, error: beyondRounding(values, expected, ours.info(name).shape[0]!), bound: LOG_MEL }];
        expect(quantities.filter((quantity) => !holds(quantity))).toEqual([]);
      }
    });

    it('puts questions and media into ids as the studio does, padded on the left', async () => {
      const { text } = await openModel(await treeFromDisk(DEMO));
      const settings = parseConfig({ question: QUESTION, instruction: ' ' });
      for (const [index, [question, kind]] of ASKED.entries()) {
        const prompt = text.promptOf({ ...settings, words: { text: question } }, [kind]);
        const { ids, gate } = found().rows[index]!;
        expect([kind, ids]).toEqual([kind, [...prompt.tokensOf([]).ids]]);
        if (kind !== 'audio') expect([kind, gate]).toEqual([kind, [...prompt.gateIds]]);
      }
      const [[rows, longest], lengths] = found().padded;
      expect([rows, longest]).toEqual([2, Math.max(...lengths)]);
      expect(lengths[0]).toBeLessThan(lengths[1]!);
    });

    it('lets the demo answer about a clip, each row alike', () => {
      for (const said of found().said) expect(said).toMatch(/^<think>.+, a \w+ voice/);
    });

    // As for all commands without a browser: the reference runs have ffmpeg.
    describe.skipIf(!ffmpegIsThere() && !process.env.CI)('beside the studio in Node', () => {
      it.each(CLIPS.map((clip, index) => [index, ...clip] as const))(
        'clip %i: %s',
        async (index, path, frames, start, end) => {
          const tree = await treeFromDisk(join(root(), 'twin'));
          const arrays = (await openArrays(tree, 'clips.safetensors'))!;
          const part = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
          const options = frames > 0 ? { frames, audioSeconds: 30 } : { audioSeconds: 30 };
          const clip = decodeFile(path, { ...options, ...part });
          if (frames > 0) {
            const ours = clip.frames.flatMap(({ data }) => [...data]);
            const theirs = await arrays.bytes(`frames.${index}`);
            expect(arrays.info(`frames.${index}`).shape).toEqual([frames, clip.height, clip.width, 3]);
            const off = ours.map((value, at) => Math.abs(value - theirs[at]!));
            expect(off.reduce((most, value) => Math.max(most, value), 0)).toBeLessThanOrEqual(COLOUR_LARGEST);
            expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(COLOUR_MEAN);
          }
          expect(arrays.has(`sound.${index}`)).toBe(clip.waveform !== null);
          if (!clip.waveform) return;
          const theirs = await arrays.float32(`sound.${index}`);
          expect(theirs.length).toBe(clip.waveform.length);
          expect(distance(theirs, clip.waveform) / norm(clip.waveform)).toBeLessThan(SOUND);
        },
      );
    });
  });
}
