/** Texts that end an answer: found in what was sampled, and ending it wherever it stands in the schedule. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/index.ts';
import { treeFromDisk } from '../../src/io/files/disk.ts';
import { checkField, stopStringsOf } from '../../src/protocol/config.ts';
import type { Policy } from '../../src/rl/policy/policy.ts';
import { stopFinder } from '../../src/rl/rollout/stops.ts';
import { Tokenizer } from '../../src/text/tokenizer.ts';
import { testGpu } from '../ops/harness.ts';
import { SAMPLING, tinyGenerator, tinyPolicy, toyMedia, toyPrompt } from '../reference/omni-tiny.ts';

describe('the setting', () => {
  it.each<[string, readonly string[]]>([
    ['', []],
    ['  ', []],
    ['</answer>', ['</answer>']],
    ['["\\n\\n"]', ['\n\n']],
    ['["a", "b\\n"]', ['a', 'b\n']],
  ])('%j is %j', (setting, strings) => {
    expect(stopStringsOf(setting)).toEqual(strings);
    expect(checkField('stopStrings', setting)).toBeUndefined();
  });

  it.each(['[', '[1]', '[""]', '[]'])('%s is refused', (setting) => {
    expect(checkField('stopStrings', setting)?.message).toMatch(/expected a text, or a JSON list of texts/);
  });
});

describe('a stop in what was sampled', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await Tokenizer.load(await treeFromDisk('test/golden/qwen-text/qwen3-tiny/model'));
  });
  const cutAt = (text: string, setting: string): string | undefined => {
    const ids = Uint32Array.from(tokenizer.encode(text));
    const length = stopFinder(tokenizer, setting)!(ids);
    return length === undefined
      ? undefined
      : tokenizer.decode(ids.subarray(0, length), { skipSpecialTokens: false });
  };

  it('ends with the token that completes the first string', () => {
    const text = `<answer>sad</answer> and so on, ${'very '.repeat(60)}</answer>`;
    const cut = cutAt(text, '</answer>')!;
    expect(text.startsWith(cut)).toBe(true);
    expect(cut).toContain('</answer>');
    const shorter = tokenizer.encode(cut).slice(0, -1);
    expect(tokenizer.decode(shorter)).not.toContain('</answer>');
    expect(cutAt(text, '["so", "sad"]')).toMatch(/sad/);
    expect(cutAt(text, '["so", "sad"]')).not.toMatch(/so/);
    expect(cutAt(text, 'never')).toBeUndefined();
    expect(cutAt('a<|im_end|>b', '<|im_end|>')).toBe('a<|im_end|>');
    expect(stopFinder(tokenizer, ' ')).toBeUndefined();
  });
});

describe('a rollout', () => {
  let gpu: Gpu;
  let policy: Policy;
  beforeAll(async () => {
    gpu = await testGpu();
    policy = await tinyPolicy(gpu, {});
  });
  afterAll(() => policy[Symbol.dispose]());

  it.each([6, 2])('over %d rows draws what it draws without stops, up to the first', async (rows) => {
    const prompts = [toyPrompt(1, 7, 3, 2), toyPrompt(2, 12, 3, 2)];
    const media = (prompt: number) => toyMedia(1 + prompt, 5);
    const shape = { rows, groupSize: 3, places: 2, promptTokens: 19, mediaRows: 7, maxNewTokens: 20 };
    using rollout = await tinyGenerator(policy, { ...shape, prefillTogether: 2 });
    const stop = (ids: Uint32Array): number | undefined => {
      const at = ids.findIndex((id) => id % 5 === 0);
      return at < 0 ? undefined : at + 1;
    };
    const whole = await rollout.generator.generate(prompts, SAMPLING, media);
    const stopped = await rollout.generator.generate(prompts, SAMPLING, media, { stop });
    const expected = whole.flat().map(({ ids }) => [...ids.slice(0, stop(ids) ?? ids.length)]);
    expect(stopped.flat().map(({ ids }) => [...ids])).toEqual(expected);
    expect(expected.some((ids, index) => ids.length < whole.flat()[index]!.ids.length)).toBe(true);
    for (const one of stopped.flat()) {
      expect(one.logProbs).toHaveLength(one.ids.length);
      expect(one.stopped ?? false).toBe(stop(one.ids) !== undefined);
      if (one.stopped) expect(one.ended).toBe(true);
    }
  });
});
