import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import { recordsOf } from '../../src/store/compared-runs.ts';
import { RUN_COLOURS, type RunStyle, styleFor } from '../../src/store/run-styles.ts';
import { chartData, MAX_POINTS } from '../../src/store/series.ts';
import { differingKeys, settingWords } from '../../src/ui/train/run-differences.tsx';
import { nearestRow, runLines, withLines } from '../../src/ui/train/run-lines.ts';

const steps = Float64Array.from({ length: 1000 }, (_, index) => index + 1);
const records = recordsOf(steps, {
  reward: steps.map((step) => (step === 500 ? 99 : step)),
  kl: steps.map(() => Number.NaN),
});
const style: RunStyle = { colour: 1, dash: '7 3' };
const run = { id: 'fox-1', name: 'fox', slot: 1, style, steps: records, places: steps };

describe('a run beside the open one', () => {
  it('is drawn by at most as many points as any curve, its extremes among them, with every value at hand', () => {
    expect(records[3]).toEqual({ step: 4, metrics: { reward: 4 }, seconds: {} });
    const [line] = runLines([run], 'reward', 0);
    expect(line!.rows.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(line!.rows.some(({ raw }) => raw.reward === 99)).toBe(true);
    expect([line!.values.size, line!.values.get(777)]).toEqual([1000, 777]);
    expect(runLines([run], 'kl', 0)).toEqual([]);
  });

  it('lets the cursor go on where the open run has ended, and has no value behind its own end', () => {
    const lines = runLines([run], 'reward', 0);
    const own = chartData([{ step: 1, metrics: { reward: 5 }, seconds: {} }], ['reward'], 0);
    const { rows } = withLines(own, lines);
    expect([rows[0]!.raw.reward, rows[1]!.raw, rows.at(-1)!.place]).toEqual([5, {}, 1000]);
    expect(nearestRow(lines[0]!, 1000)?.step).toBe(1000);
    expect(nearestRow(lines[0]!, 1001)).toBeUndefined();
  });

  it('has its colour for good, and a dash pattern that no run beside it has', () => {
    const styles: RunStyle[] = [];
    for (let i = 0; i < RUN_COLOURS; i++) styles.push(styleFor(`owl-${i}`, styles));
    expect(new Set(styles.map(({ colour }) => colour)).size).toBe(RUN_COLOURS);
    expect(new Set(styles.map(({ dash }) => dash)).size).toBe(RUN_COLOURS);
    expect(styleFor('owl-3', [])).toEqual(styles[3]);
    const later = styleFor('hare-1', styles.slice(1));
    expect(styles.slice(1).map(({ dash }) => dash)).not.toContain(later.dash);
    expect(styleFor('owl-2', [later, styles[2]!]).colour).toBe(styles[2]!.colour);
  });
});

describe('the settings of runs', () => {
  const source = (hash: string) => ({
    name: 'mine',
    language: 'js' as const,
    source: hash,
    hash,
    completions: 'text' as const,
  });
  it('are told where they differ, and programs of one name by their hashes', () => {
    const configs = [{}, { beta: 0.04 }, { beta: 0.04, groupSize: 4 }].map((each) => ({
      config: parseConfig(each),
    }));
    expect(differingKeys(configs).toSorted()).toEqual(['beta', 'groupSize']);
    expect(differingKeys(configs.slice(0, 1))).toEqual([]);
    const config = { ...parseConfig({}), rewardSources: [source('a'.repeat(64))] };
    expect(settingWords(config, 'rewardSources')).toBe('mine aaaaaaaa');
    expect(
      differingKeys([{ config }, { config: { ...config, rewardSources: [source('b'.repeat(64))] } }]),
    ).toEqual(['rewardSources']);
  });
});
