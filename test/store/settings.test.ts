import { describe, expect, it } from 'vitest';
import { DEFAULT_QUESTION } from '../../src/protocol/config.ts';
import type { Event, ModelSummary } from '../../src/protocol/messages.ts';
import { presetConfig, type SettingsKey, settingsFor } from '../../src/protocol/presets.ts';
import { type Edits, editedFields } from '../../src/store/settings.ts';
import { createStudio, draftProblems, type SettingsKeeper, type Studio } from '../../src/store/studio.ts';
import { storedRun } from '../reference/stored-run.ts';

const summary = (name: string, family: ModelSummary['family'], demo?: boolean): ModelSummary => ({
  ...{
    name,
    family,
    senses: ['video', 'audio'],
    usual: family === 'HumanOmni' ? 'R1-Omni' : 'clips',
    loading: { library: 'humanomni' },
    parts: {},
    notes: [],
    choice: {},
    others: [],
    adapters: [],
    trainable: 0,
    dtype: 'F32',
    bytes: 4,
    layout: 'one folder',
    unusedTensors: [],
  },
  ...(demo ? { demo } : {}),
});
const DEMO = summary('tiny-humanomni', 'HumanOmni', true);
const OWN = summary('R1-Omni-0.5B', 'HumanOmni');
const QWEN: ModelSummary = { ...summary('Qwen2.5-VL-3B', 'Qwen2.5-VL'), anySize: true };

/** Storage that outlives a visit. */
function keeper(): SettingsKeeper & { stored: Map<SettingsKey, Edits> } {
  const stored = new Map<SettingsKey, Edits>();
  return {
    stored,
    load: (key) => JSON.parse(JSON.stringify(stored.get(key) ?? {})),
    save: (key, edits) => void stored.set(key, edits),
  };
}

/** A visit in which the test is the worker. */
function visit(kept = keeper()) {
  let say: (event: Event) => void = () => undefined;
  let requests = 0;
  const port = {
    post: () => undefined,
    close: () => undefined,
    listen: (next: (event: Event) => void) => {
      say = next;
    },
  };
  const studio = createStudio(port, kept);
  const open = (model: ModelSummary) => {
    const requestId = ++requests;
    void (model.demo ? studio.ask('openDemo') : studio.ask('openModel', { files: [] }));
    say({ type: 'model', requestId, summary: model });
    say({ type: 'done', requestId });
  };
  return { studio, open, say: (event: Event) => say(event) };
}

const draft = (studio: Studio) => studio.store.getState().draft;
const settings = (studio: Studio) => studio.store.getState().settings;
const own = (studio: Studio) => editedFields(settings(studio)).map(({ key }) => key);

describe('settings that nobody touched', () => {
  it('are those of the model that is open, in whatever order models are opened', () => {
    const { studio, open } = visit();
    open(DEMO);
    expect(draft(studio)).toEqual(presetConfig('demo'));
    open(OWN);
    expect(draft(studio)).toEqual(settingsFor(OWN));
    expect(draft(studio)).toMatchObject({
      ...{ question: DEFAULT_QUESTION, maxCompletionLength: 512, learningRate: 1e-5, groupSize: 8 },
      ...{ loraRank: 16, trainDecoder: false, beta: 0.04 },
    });
    expect(settings(studio).basis.whose).toBe('R1-Omni-0.5B');
    open(QWEN);
    open(DEMO);
    expect(draft(studio)).toEqual(presetConfig('demo'));
    const { studio: other, open: openOther } = visit();
    openOther(QWEN);
    expect(draft(other)).toEqual(settingsFor(QWEN));
  });

  it('go back with one press, and forth again with another', () => {
    const { studio, open } = visit();
    open(DEMO);
    expect(settings(studio).before).toBeUndefined();
    open(OWN);
    expect(settings(studio).before).toEqual(presetConfig('demo'));
    studio.undoSettings();
    expect(draft(studio)).toEqual(presetConfig('demo'));
    expect(own(studio)).toContain('learningRate');
    studio.resetSettings();
    expect(draft(studio)).toEqual(settingsFor(OWN));
  });

  it('are not the demo’s because its preset was chosen while it was open', () => {
    const { studio, open } = visit();
    open(DEMO);
    studio.applyPreset('demo');
    open(OWN);
    expect(draft(studio)).toEqual(settingsFor(OWN));
  });

  it('leave a resumed run’s own settings behind when another model is opened', () => {
    const { studio, open, say } = visit();
    open(DEMO);
    const config = presetConfig('demo', { learningRate: 0.3 });
    const run = storedRun({ name: 'brave-otter' });
    say({ type: 'resumed', requestId: 9, run, config });
    expect(draft(studio)).toEqual(config);
    open(OWN);
    expect(draft(studio)).toEqual(settingsFor(OWN));
  });

  it('stay as they are when the same model only tells more of itself', () => {
    const { studio, open, say } = visit();
    open(OWN);
    studio.edit('steps', 3);
    say({ type: 'model', summary: { ...OWN, trainable: 5 } });
    expect(draft(studio)).toMatchObject({ steps: 3 });
  });
});

describe('settings that a person set', () => {
  it('stay theirs field by field, and are told apart', () => {
    const { studio, open } = visit();
    open(DEMO);
    studio.edit('groupSize', 4);
    open(OWN);
    expect(draft(studio)).toEqual({ ...settingsFor(OWN), groupSize: 4 });
    expect(own(studio)).toEqual(['groupSize']);
    studio.edit('groupSize', 8);
    expect(own(studio)).toEqual([]);
  });

  it('come back after a reload for that kind of model only', () => {
    const kept = keeper();
    const first = visit(kept);
    first.open(DEMO);
    first.studio.edit('learningRate', 0.002);
    first.studio.edit('groupSize', 'eight');
    const second = visit(kept);
    second.open(DEMO);
    expect(draft(second.studio)).toEqual(presetConfig('demo', { learningRate: 0.002 }));
    expect(own(second.studio)).toEqual(['learningRate']);
    second.open(OWN);
    expect(draft(second.studio)).toEqual(settingsFor(OWN));
    second.studio.edit('steps', 9);
    const third = visit(kept);
    third.open(DEMO);
    third.open(OWN);
    expect(draft(third.studio)).toEqual({ ...settingsFor(OWN), steps: 9 });
    third.studio.resetSettings();
    expect(kept.stored.get('HumanOmni')).toEqual({});
  });

  it('take a chosen preset along whole, but not where the next run begins', () => {
    const { studio, open } = visit();
    open(DEMO);
    studio.applyPreset('gspo');
    studio.edit('startFrom', 'last run');
    open(OWN);
    const gspo = { importanceSamplingLevel: 'sequence', epsilon: 3e-4, beta: 0, numIterations: 2 };
    expect(draft(studio)).toMatchObject({ ...gspo, startFrom: 'published' });
  });

  it('take along what they are checked against, so that no form is left that cannot run', () => {
    const { studio, open } = visit();
    open(OWN);
    studio.edit('loraRank', 32);
    open(DEMO);
    expect(draft(studio)).toMatchObject({ loraRank: 32, trainDecoder: false });
    expect(draftProblems(draft(studio))).toEqual([]);
  });

  it('are let go of where a record cannot be used any more', () => {
    const kept = keeper();
    kept.stored.set('demo', { steps: -4, groupSize: 4, wings: 2 } as Edits);
    const { studio, open } = visit(kept);
    open(DEMO);
    expect(draft(studio)).toEqual(presetConfig('demo', { groupSize: 4 }));
  });
});

it('of a vision tower stay with the models that have one', () => {
  const { studio, open } = visit();
  open(QWEN);
  studio.edit('trainVision', true);
  studio.edit('minPixels', 1e9);
  studio.edit('steps', 7);
  open(OWN);
  expect(own(studio)).toEqual(['steps']);
  expect(draftProblems(draft(studio))).toEqual([]);
  open(QWEN);
  expect(draft(studio)).toMatchObject({ trainVision: true, steps: 7 });
});
