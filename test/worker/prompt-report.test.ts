/** What the prompts of a data set come to, and what is said of it. */
import { describe, expect, it } from 'vitest';
import { promptsSaid } from '../../src/cli/opened-settings.ts';
import { readDataset } from '../../src/data/read.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { treeFromMemory } from '../../src/io/files/files.ts';
import { type Config, parseConfig } from '../../src/protocol/config.ts';
import { runPrompts } from '../../src/rl/prompts.ts';
import { openModel } from '../../src/worker/inputs/model.ts';
import { promptReport } from '../../src/worker/inputs/prompt-report.ts';
import { readTexts, runTexts } from '../../src/worker/run-options.ts';

async function reported(rows: readonly object[], config: Partial<Config>, limits = {}) {
  const { text } = await openModel(await treeFromDisk('public/demo/model'));
  const files = { 'd.json': JSON.stringify(rows), 'a.mp4': 'x', 'b.mp4': 'x' };
  const { examples } = await readDataset(treeFromMemory('d', files), { seed: 1 });
  return promptReport(runPrompts(text, parseConfig(config), ['video'], examples, limits), examples);
}

const ask = (video: string, question: string, label: string, more = {}) => ({
  video,
  question,
  label,
  ...more,
});

describe('the report', () => {
  it('counts lengths, and names rows that are left out with their reasons', async () => {
    const rows = [
      ask('a.mp4', 'How many?', '2', { problem_type: 'numerical' }),
      ask('b.mp4', `How ${'very '.repeat(80)}many?`, '2', { problem_type: 'numerical' }),
      ask('a.mp4', 'Which?', 'A', { problem_type: 'riddle' }),
    ];
    const whole = await reported(rows, { promptPreset: 'video-r1' });
    const { shortest, longest } = whole.tokens!;
    expect(longest - shortest).toBeGreaterThan(80);
    const report = await reported(rows, { promptPreset: 'video-r1' }, { set: shortest + 1, held: 100_000 });
    expect(report).toMatchObject({
      ...{ rows: 3, asked: 1, tokens: { shortest, median: shortest, longest: shortest } },
      ...{ tooLong: [{ id: 'b.mp4', tokens: longest }], refused: [{ id: 'a.mp4#2' }] },
    });
    const said = promptsSaid(report);
    expect(said[0]).toBe(`1 of 3 rows is asked, in prompts of ${shortest} tokens.`);
    expect(said[1]).toBe(
      `1 row left out for more than the ${shortest + 1} tokens that the settings allow, up to ${longest}.`,
    );
    expect(said.join('\n')).toMatch(/a\.mp4#2: The problem_type is "riddle"/);
    const held = await reported(rows, { promptPreset: 'video-r1' }, { held: shortest });
    expect(promptsSaid(held)[1]).toContain('tokens that a pass on this device holds');
  });

  it('counts clips that a prompt of a fixed question asks twice, with two answers', async () => {
    const rows = [ask('a.mp4', 'Who?', 'sad'), ask('a.mp4', 'Why?', 'calm'), ask('b.mp4', 'Who?', 'sad')];
    expect((await reported(rows, { promptPreset: 'canonical' })).repeated).toEqual({
      ...{ rows: 0, contradicting: 0 },
    });
    const fixed = await reported(rows, { promptPreset: 'r1-omni' });
    expect(fixed.repeated).toEqual({ rows: 1, contradicting: 1 });
    expect(promptsSaid(fixed)[1]).toMatch(
      /^1 row would be asked what a row before them is asked of the same/,
    );
  });
});

describe('texts that are read in turns', () => {
  const COUNT = 400;
  const opened = async () => {
    const model = await openModel(await treeFromDisk('public/demo/model'));
    const rows = Array.from({ length: COUNT }, (_, i) => ask('a.mp4', `Which is number ${i}?`, 'A'));
    const files = { 'd.json': JSON.stringify(rows), 'a.mp4': 'x' };
    const { examples } = await readDataset(treeFromMemory('d', files), { seed: 1 });
    return { model, examples };
  };
  const config = parseConfig({});

  it('are the same, once for all who ask, and let others work meanwhile', async () => {
    const { model, examples } = await opened();
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    const both = [readTexts([model, config, examples]), readTexts([model, config, examples])];
    const [first, second] = await Promise.all(both);
    clearInterval(others);
    expect(turns).toBeGreaterThan(0);
    expect(second).toBe(first);
    const again = await openModel(await treeFromDisk('public/demo/model'));
    const plain = runTexts(again, config, examples).prompts;
    expect(first!.prompts.longest).toBe(plain.longest);
    for (const example of examples)
      expect(first!.prompts.of(example).rendered).toBe(plain.of(example).rendered);
  });

  it('stop where nobody waits any more, and go on while one does', async () => {
    const { model, examples } = await opened();
    expect(await readTexts([model, config, examples], () => false)).toBeUndefined();
    const [one, other] = [
      readTexts([model, config, examples], () => false),
      readTexts([model, config, examples]),
    ];
    expect((await other)?.prompts.leftOut).toEqual([]);
    expect(await one).toBe(await other);
  });
});
