/** A page whose worker decodes clips, and what tests look at of them. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import type { DecodedClip } from '../../src/media/types.ts';
import { launchChromium } from '../setup/chromium.ts';
import type { MediaRequest } from './media-worker.ts';

/** One line of pixels and one column of a frame (a whole one is too slow to hand over), and its brightest value. */
export interface Probe {
  readonly width: number;
  readonly height: number;
  readonly line: number[][];
  readonly column: number[][];
  readonly brightest: number;
}

/** What the worker posts, made small enough to leave the page. */
export interface Decoded {
  readonly frames: Probe[];
  readonly frameIndices: number[];
  readonly waveform: number[] | null;
  readonly durationSeconds: number;
  readonly frameCount: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly warnings: string[];
}

export type Answer = { readonly clip: Decoded } | { readonly error: string; readonly kind: string };

const CLIPS = new URL('../clips/', import.meta.url).pathname;
export const DEMO = new URL('../../public/demo/', import.meta.url).pathname;
/** Side of a numbered picture's squares, in pixels. */
export const CELL = 16;

/** Runs in the page: frames to probes at half a square from the edge, samples to plain numbers. */
function shrink(clip: DecodedClip, at: number): Decoded {
  const frames = clip.frames.map(({ width, height, data }) => {
    const pixel = (x: number, y: number) =>
      Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));
    return {
      width,
      height,
      line: Array.from({ length: width }, (_, x) => pixel(x, at)),
      column: Array.from({ length: height }, (_, y) => pixel(at, y)),
      brightest: data.reduce((a, b) => Math.max(a, b)),
    };
  });
  const { frameIndices, durationSeconds, frameCount, fps, width, height, warnings } = clip;
  const waveform = clip.waveform && Array.from(clip.waveform);
  return {
    ...{ frames, waveform, durationSeconds, frameCount, fps, width, height },
    frameIndices: [...frameIndices],
    warnings: [...warnings],
  };
}

/** The worker and all it imports as one script. */
async function workerScript(): Promise<string> {
  const entry = new URL('./media-worker.ts', import.meta.url).pathname;
  const output = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      target: 'es2023',
      lib: { entry, formats: ['es'], fileName: 'media' },
    },
  });
  const [first] = Array.isArray(output) ? output : [output];
  if (!first || !('output' in first)) throw new Error('vite built no script');
  return first.output[0].code;
}

/** Headless Chromium with the decoding worker. */
export class MediaPage {
  readonly #page: Page;
  readonly #close: () => Promise<void>;

  private constructor(page: Page, close: () => Promise<void>) {
    this.#page = page;
    this.#close = close;
  }

  static async open(): Promise<MediaPage> {
    const script = await workerScript();
    const chromium = await launchChromium({ adapter: 'swiftshader' });
    const page = await chromium.context.newPage();
    await page.route('http://localhost/**', (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/media.js') return route.fulfill({ contentType: 'text/javascript', body: script });
      if (pathname.startsWith('/clips/demo/'))
        return route.fulfill({ body: readFileSync(DEMO + pathname.slice(12)) });
      if (pathname.startsWith('/clips/'))
        return route.fulfill({ body: readFileSync(CLIPS + pathname.slice(7)) });
      return route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>media</title>' });
    });
    await page.goto('http://localhost/');
    await page.addScriptTag({
      content: `window.shrink = (clip) => (${shrink.toString()})(clip, ${CELL / 2});
        window.decoder = new Worker('/media.js', { type: 'module' });`,
    });
    return new MediaPage(page, () => chromium.close());
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** One question at a time. Its answer leaves the page as one text: number by number takes longer than to decode the clip. */
  async ask(request: MediaRequest): Promise<Answer> {
    const text = await this.#page.evaluate(async (message) => {
      const tools = window as unknown as { decoder: Worker; shrink(clip: unknown): Decoded };
      const answer = await new Promise<Answer>((resolve, reject) => {
        tools.decoder.onmessage = (event) => resolve(event.data);
        tools.decoder.onerror = (event) => reject(new Error(event.message));
        tools.decoder.postMessage(message);
      });
      return JSON.stringify('error' in answer ? answer : { clip: tools.shrink(answer.clip) });
    }, request);
    return JSON.parse(text) as Answer;
  }

  /** The clip, decoded; throws what the worker refused it with. */
  async decoded(name: string, frames = 8, audioSeconds?: number): Promise<Decoded> {
    const answer = await this.ask({ name, frames, ...(audioSeconds === undefined ? {} : { audioSeconds }) });
    if ('error' in answer) throw new Error(answer.error);
    return answer.clip;
  }
}

/** Colour at the middle of square `column`. */
export function cell(frame: Probe, column: number): number[] {
  return frame.line[column * CELL + CELL / 2]!;
}

/** The number a frame carries, read off its squares. */
export function frameNumber(frame: Probe): number {
  return Array.from({ length: 8 }, (_, bit) => cell(frame, bit)[1]! > 128).reduce(
    (n, on) => 2 * n + Number(on),
    0,
  );
}
