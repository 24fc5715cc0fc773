/**
 * Forty questions of text, pictures, videos and sounds, of three kinds: both families show a clip as the model sees it, train on
 * those that they take, by the command and by the page, list those that they do not, and keep each row's own question with its answers.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeadlessSession } from '../../src/cli/headless.ts';
import { projectRoot } from '../../src/cli/setup/paths.mjs';
import { parseConfig } from '../../src/protocol/config.ts';
import { writeTree } from '../reference/layouts.ts';
import { qwen2VlTree } from '../reference/qwen2-vl-tiny.ts';
import { type Folder, makeFolder } from './folders.ts';
import { questionSet, ROWS, SENSES, type Sense } from './question-set.ts';
import { all } from './told.ts';

const MINUTES = 60_000;
const SETTINGS = {
  ...{ steps: 3, promptsPerStep: 8, groupSize: 2, maxCompletionLength: 4, loraRank: 2 },
  ...{ promptPreset: 'video-r1', evalEvery: 0, entropyCoef: 0.1, warmupSteps: 0 },
  // The published request takes hundreds of the toy tokenizers' tokens, and nine tenths of a step.
  instruction: 'Answer.',
} as const;
const qwen = mkdtempSync(join(tmpdir(), 'tiny-qwen2-vl-'));
const FAMILIES = [
  { family: 'HumanOmni', model: join(projectRoot(), 'public/demo/model'), refused: [] },
  { family: 'Qwen2-VL', model: qwen, refused: ['audio'] },
] as const satisfies readonly { family: string; model: string; refused: readonly Sense[] }[];

let data: Folder;
beforeAll(async () => {
  data = questionSet('questions');
  await writeTree(await qwen2VlTree('newer'), qwen);
});
afterAll(() => {
  data.remove();
  rmSync(qwen, { recursive: true });
});

/** Row of a question, from 0. */
const rowOf = (question: string): number => Number(/Question (\d+):/.exec(question)?.[1] ?? -1);
const senseOf = (row: number): Sense => SENSES[row % SENSES.length]!;

interface Group {
  readonly question?: string;
}

function expectOwnQuestions(groups: readonly Group[], refused: readonly Sense[]): void {
  const rows = groups.map(({ question }) => rowOf(question ?? ''));
  for (const row of rows) expect(ROWS[row]?.split).toBe('train');
  const senses = new Set(rows.map(senseOf));
  for (const sense of refused) expect(senses).not.toContain(sense);
  // Three steps of eight: all training rows where none is refused.
  expect(new Set(rows).size).toBe(24);
  expect(senses.size).toBe(SENSES.length - refused.length);
}

it.concurrent.each(FAMILIES)(
  'a $family trains on them by the command',
  async ({ model, refused }) => {
    const out = makeFolder('out');
    const inputs = ['--adapter', 'swiftshader', '--model', model, '--data', data.path, '--out', out.path];
    const flags = Object.entries(SETTINGS).flatMap(([key, value]) => [`--${key}`, String(value)]);
    const said = await launch(['train', ...inputs, '--export', 'rollouts', ...flags]);
    for (const sense of refused) {
      const lines = ROWS.flatMap((_, row) => (senseOf(row) === sense ? [`row ${row + 1}:`] : []));
      for (const line of lines) expect(said).toContain(line);
    }
    const lines = readFileSync(join(out.path, 'rollouts.jsonl'), 'utf8').trim().split('\n');
    expectOwnQuestions(
      lines.map((line) => JSON.parse(line) as Group),
      refused,
    );
    out.remove();
  },
  10 * MINUTES,
);

describe('in the page, where one clip is asked two questions,', () => {
  let session: HeadlessSession;
  beforeAll(async () => {
    session = await HeadlessSession.open();
  });
  afterAll(() => session.close());

  it.each(FAMILIES)(
    'a $family shows it and trains on them',
    async ({ family, model, refused }) => {
      const [loaded] = all(await session.openFolder('openModel', model), 'model');
      expect(loaded?.summary).toMatchObject({ family });
      const [opened] = all(await session.openFolder('openData', data.path), 'data');
      const asked = opened!.summary.examples.filter(({ path }) => path === 'media/h264-aac.mp4');
      expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
      expect(new Set(asked.map(({ question }) => question)).size).toBeGreaterThan(1);
      const exampleId = asked[0]!.id;
      const shown = await session.ask((requestId) => ({ type: 'preview', requestId, exampleId }));
      expect(shown.at(-1)?.type).toBe('done');
      await session.post({ type: 'start', config: parseConfig(SETTINGS) });
      const events = await session.until(
        ({ type, ...rest }) => type === 'state' && 'state' in rest && rest.state === 'finished',
      );
      const steps = all(events, 'step');
      expect(steps.map(({ step }) => step)).toEqual([1, 2, 3]);
      for (const { metrics } of steps) expect(metrics.grad_norm).toBeGreaterThan(0);
      expectOwnQuestions(
        all(events, 'rollouts').flatMap(({ groups }) => groups),
        refused,
      );
    },
    10 * MINUTES,
  );
});

/** What the command says, once it has ended well. */
function launch(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ['src/cli/launch.mjs', ...args], {
    cwd: projectRoot(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => said.push(piece));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const text = Buffer.concat(said).toString();
      if (code === 0) resolve(text);
      else reject(new Error(`The command ended with ${code}:\n${text}`));
    });
  });
}
