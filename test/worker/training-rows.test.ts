/** The order in which a run takes its rows is over all that are listed; a clip that cannot be read gives way, whenever that is found out. */
import { expect, it } from 'vitest';
import type { ClipExample, Dataset } from '../../src/data/types.ts';
import { mediaName } from '../../src/data/types.ts';
import type { FeatureStore } from '../../src/worker/clips/features.ts';
import { TrainingRows } from '../../src/worker/training-rows.ts';

const clip = (index: number): ClipExample => ({
  ...{ id: `${index}.mp4`, label: 'sad', writtenLabel: 'sad', question: null, answer: 'sad' },
  ...{ split: 'train', speaker: null },
  media: [{ kind: 'video', path: `${index}.mp4`, files: [] }],
});
const clips = Array.from({ length: 9 }, (_, index) => clip(index));
const data = { name: 'faces', kind: 'clips', examples: clips, issues: [], rows: 9 } as unknown as Dataset;
const config = { seed: 4, promptsPerStep: 2 };
const prompts = { asks: () => true, leftOut: [] };
const quiet = { weights: () => undefined, clips: () => undefined };
const never = () => false;

/** Clips that are prepared without a tower; those named cannot be read. */
function fakeFeatures(...broken: number[]) {
  const [kept, refused] = [new Set<string>(), new Set<string>()];
  const asked: string[] = [];
  const features = {
    has: (example: ClipExample) => kept.has(mediaName(example)),
    refuses: (example: ClipExample) => refused.has(mediaName(example)),
    get issues() {
      return [...refused].map((file) => ({ reason: 'clip unreadable', file, message: `${file}: broken.` }));
    },
    prepare: async (examples: readonly ClipExample[]) => {
      for (const { id } of examples) {
        asked.push(id);
        (broken.includes(Number.parseInt(id, 10)) ? refused : kept).add(id);
      }
    },
    lookAhead: () => undefined,
    letGo: () => undefined,
  };
  return { asked, features: features as unknown as FeatureStore };
}

const rowsOn = (features: FeatureStore): TrainingRows =>
  new TrainingRows({ data, features, config, prompts });

/** Clips of so many steps. */
async function deal(rows: TrainingRows, steps: number): Promise<string[]> {
  const dealt: string[] = [];
  for (let step = 0; step < steps; step++) {
    expect(await rows.makeReady(quiet, never)).toBe(true);
    dealt.push(...rows.deal().map(({ id }) => id));
  }
  return dealt;
}

it('the order is the same where unreadable clips are known from the start and where they are met', async () => {
  const [known, met] = [fakeFeatures(2, 5, 6), fakeFeatures(2, 5, 6)];
  await known.features.prepare(clips, quiet, never);
  const [before, after] = [rowsOn(known.features), rowsOn(met.features)];
  const dealt = await deal(before, 12);
  expect(await deal(after, 12)).toEqual(dealt);
  expect(after.dealt).toEqual(before.dealt);
  expect([...before.dealt.unreadable].sort()).toEqual(['2.mp4', '5.mp4', '6.mp4']);
  expect(after.epochs).toBe(before.epochs);
  // Without those three, it is the order of a run that can read all.
  const whole = await deal(rowsOn(fakeFeatures().features), 18);
  const rest = whole.filter((id) => !['2.mp4', '5.mp4', '6.mp4'].includes(id));
  expect(dealt).toEqual(rest.slice(0, 24));
});

it('only the clips of the next step are asked for', async () => {
  const { asked, features } = fakeFeatures(2);
  const dealt = await deal(rowsOn(features), 3);
  expect(asked.filter((id) => id !== '2.mp4')).toEqual(dealt);
});

it('what the hand-off says of the steps to come is what they take', async () => {
  const { features } = fakeFeatures(5);
  const rows = rowsOn(features);
  await deal(rows, 4);
  const said = rows.dealFrom(rows.next, 20).map(({ id }) => id);
  expect(await deal(rows, 10)).toEqual(said);
});

it('a stored run goes on as it would have, also where a clip that gave way can be read by now', async () => {
  const whole = await deal(rowsOn(fakeFeatures(2, 5).features), 12);
  for (const left of [1, 3, 5, 8]) {
    const first = rowsOn(fakeFeatures(2, 5).features);
    const dealt = await deal(first, left);
    const state = JSON.parse(JSON.stringify(first.dealt));
    const gone = state.unreadable.map((id: string) => Number.parseInt(id, 10));
    const later = rowsOn(fakeFeatures(...[2, 5].filter((index) => !gone.includes(index))).features);
    later.stand(state);
    dealt.push(...(await deal(later, 12 - left)));
    expect(dealt, `left after ${left}`).toEqual(whole);
  }
});

it('a stored run does not go on without a clip that it was trained on', async () => {
  const first = rowsOn(fakeFeatures().features);
  const dealt = await deal(first, 5);
  const gone = Number.parseInt(dealt[0]!, 10);
  const message = `faces: a clip that the run was trained on cannot be read any more. ${gone}.mp4: broken.`;
  const met = rowsOn(fakeFeatures(gone).features);
  met.stand(first.dealt);
  await expect(deal(met, 9)).rejects.toThrow(message);
  const { features } = fakeFeatures(gone);
  await features.prepare(clips, quiet, never);
  expect(() => rowsOn(features).stand(first.dealt)).toThrow(message);
});

it('a run of an earlier version goes on in its order, which was over the clips that could be read', async () => {
  const readable = clips.filter(({ id }) => id !== '2.mp4');
  const old = new TrainingRows({
    ...{ config, prompts, features: fakeFeatures().features },
    data: { ...data, examples: readable },
  });
  const dealt = await deal(old, 3);
  const { unreadable: _, ...state } = old.dealt;
  const { features } = fakeFeatures(2);
  const rows = rowsOn(features);
  expect(rows.canStand(state)).toBe(false);
  await features.prepare(rows.clips, quiet, never);
  rows.stand(state);
  dealt.push(...(await deal(rows, 9)));
  expect(dealt).toEqual(
    await deal(
      new TrainingRows({
        config,
        prompts,
        features: fakeFeatures().features,
        data: { ...data, examples: readable },
      }),
      12,
    ),
  );
  expect(rows.dealt.clips).toBe(8);
  const other = rowsOn(fakeFeatures().features);
  expect(() => other.stand(state)).toThrow('faces: 0 training clips can be read, but the run was on 8.');
});

it('says so where no clip is left', async () => {
  const { features } = fakeFeatures(...clips.keys());
  await expect(rowsOn(features).makeReady(quiet, never)).rejects.toThrow(
    'faces: no clip of the split "train" can be used.',
  );
  const none = new TrainingRows({ config, prompts, features, data: { ...data, examples: [] } });
  await expect(none.makeReady(quiet, never)).rejects.toThrow('no clip of the split "train"');
  none.lookAhead();
});

it('counts what is ready, and stops between two preparations', async () => {
  const { features } = fakeFeatures(2);
  const rows = rowsOn(features);
  expect(rows.count).toEqual({ ready: 0, unreadable: 0, total: 9 });
  expect(await rows.makeReady(quiet, () => true)).toBe(false);
  await deal(rows, 20);
  expect(rows.count).toEqual({ ready: 8, unreadable: 1, total: 9 });
  expect(new TrainingRows({ data, config, prompts }).count).toBeUndefined();
});

it('rows that are not asked are not in the order', async () => {
  const leftOut = [{ id: '3.mp4', tokens: 9000 }];
  const asks = ({ id }: { id: string }): boolean => id !== '3.mp4';
  const { features } = fakeFeatures();
  const rows = new TrainingRows({ data, config, features, prompts: { asks, leftOut } });
  expect(new Set(await deal(rows, 4))).toEqual(
    new Set(clips.map(({ id }) => id).filter((id) => asks({ id }))),
  );
  const none = new TrainingRows({ data, config, features, prompts: { asks: () => false, leftOut } });
  await expect(none.makeReady(quiet, never)).rejects.toThrow(
    'no clip of the split "train" can be used. 3.mp4: its prompt is 9000 tokens long.',
  );
});
