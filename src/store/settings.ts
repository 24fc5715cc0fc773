/**
 * Whose settings the form shows: those of what is open, with what the person set on top, field by field. Settings that
 * nobody touched go with the model they belong to. Pure.
 */
import {
  CONFIG_KEYS,
  type Config,
  type ConfigKey,
  checkField,
  defaultConfig,
  diffConfig,
  isConfigKey,
  parseConfig,
} from '../protocol/config.ts';
import type { ModelSummary } from '../protocol/messages.ts';
import { hasWhatIsSet } from '../protocol/of-model.ts';
import {
  isLaidOver,
  PRESET_KEYS,
  type PresetName,
  presetConfig,
  presetValues,
  type SettingsKey,
  scorerFor,
  settingsFor,
  settingsKeyOf,
  settingsWords,
} from '../protocol/presets.ts';
import type { RewardModelSummary } from '../protocol/reward-models.ts';

/** A config being edited: may hold values that do not pass the check yet. */
export type Draft = Record<ConfigKey, unknown>;
export type Edits = Partial<Draft>;

/** A setting that is one thing in the form and would be another. */
export interface SettingChange {
  readonly key: ConfigKey;
  readonly from: unknown;
  readonly to: unknown;
}

/** Where two drafts differ, in the order of the settings. */
export const draftChanges = (from: Draft, to: Draft): SettingChange[] =>
  CONFIG_KEYS.filter((key) => !sameValue(from[key], to[key])).map((key) => ({
    key,
    from: from[key],
    to: to[key],
  }));

/** What the settings are when nobody has touched them. */
interface Basis {
  /** Whose they are, for people: "the demo", a model's name, a run's name. */
  readonly whose: string;
  /** In a few words, what they are. */
  readonly words: string;
  /** Under which name edits are kept for the next visit; absent for a run's own settings. */
  readonly key?: SettingsKey;
  readonly values: Config;
}

export interface Settings {
  readonly basis: Basis;
  /** What the person set. */
  readonly edits: Edits;
  /** Those of `edits` that an earlier visit left: they belong to this kind of model only. */
  readonly restored: readonly ConfigKey[];
  /** The form before it followed another model, for the way back. */
  readonly before?: Draft;
}

/** The form and where it comes from. */
export interface Form {
  readonly settings: Settings;
  readonly draft: Draft;
}

const NO_MODEL = 'no model yet';
/** What says which weights the next run begins from means nothing to another model, or after a reload. */
const OF_THIS_MODEL: readonly ConfigKey[] = ['startFrom'];

/** Settings that are checked against each other: who set one of them has chosen the others, too. */
const TOGETHER: readonly (readonly ConfigKey[])[] = [
  ['loraRank', 'loraAlpha', 'loraTargets', 'trainDecoder'],
  ['rewards', 'rewardWeights', 'rewardSources', 'rewardModels'],
];

/** Before anything is open. */
export function firstForm(): Form {
  const basis = { whose: NO_MODEL, words: 'the defaults', values: defaultConfig() };
  return formOf({ basis, edits: {}, restored: [] });
}

const draftOf = ({ basis, edits }: Settings): Draft => ({ ...basis.values, ...edits });

function formOf(settings: Settings): Form {
  return { settings, draft: draftOf(settings) };
}

/** Another model is open: its settings, with what was set in this visit, and what an earlier visit set for its kind. */
export function followModel(
  { settings, draft }: Form,
  model: ModelSummary,
  keptFor: (key: SettingsKey) => Edits,
): Form {
  const kept = keptFor(settingsKeyOf(model));
  // What says nothing of this model would stand in no form, and keep its runs from beginning.
  const lost = CONFIG_KEYS.filter((key) => !hasWhatIsSet(model, key));
  const left = [...settings.restored, ...OF_THIS_MODEL, ...lost];
  const mine = withPartners(without(settings.edits, left), draft);
  const edits = { ...kept, ...mine };
  const basis: Basis = {
    whose: model.demo ? 'the demo' : model.name,
    words: settingsWords(model),
    key: settingsKeyOf(model),
    values: settingsFor(model),
  };
  const restored = keysOf(kept).filter((key) => !Object.hasOwn(mine, key));
  const next = formOf({ basis, edits, restored });
  const stays = settings.basis.whose === NO_MODEL || sameDraft(next.draft, draft);
  return stays ? next : formOf({ ...next.settings, before: draft });
}

/** A stored run is on the device: its own settings, whatever was set before. */
export function followRun(config: Config, name: string): Form {
  return formOf({
    basis: { whose: `the run ${name}`, words: 'as it was started', values: config },
    edits: {},
    restored: [],
  });
}

/** One field set by the person. A value as it was without them is no edit. */
export function editField({ settings }: Form, key: ConfigKey, value: unknown): Form {
  const { [key]: _, ...rest } = settings.edits;
  const edits = sameValue(settings.basis.values[key], value) ? rest : { ...rest, [key]: value };
  return formOf({ ...settings, edits, restored: settings.restored.filter((each) => each !== key) });
}

/** Several fields set at once. */
export const editFields = (form: Form, values: Edits): Form =>
  keysOf(values).reduce((edited, key) => editField(edited, key, values[key]), form);

/**
 * A preset that the person chose: everything it says is theirs, but for settings that they leave out (`except`), which stay as they
 * are. A paper's says all of its objective and is laid over the form; the others, and the defaults, are whole forms. The demo's own
 * preset says nothing more than the demo, so that it does not go with them to another model.
 */
export function choosePreset(
  form: Form,
  name: PresetName | 'defaults',
  models: readonly RewardModelSummary[] = [],
  except: readonly ConfigKey[] = [],
): Form {
  const { settings, draft } = form;
  const brought = name === 'defaults' ? {} : presetValues(name, scorerOf(name, models));
  const own = ownRewards(draft, brought.rewardModels);
  const chosen =
    name === 'defaults'
      ? parseConfig(own)
      : isLaidOver(name)
        ? { ...draft, ...brought, ...own }
        : presetConfig(name, { ...brought, ...own });
  const said = name === 'defaults' ? PRESET_KEYS : name === 'demo' ? [] : keysOf(brought);
  const edits = editsTo(settings.basis.values, chosen, said);
  const kept = Object.fromEntries(except.map((key) => [key, draft[key]]));
  return editFields(formOf({ ...settings, edits, restored: [] }), kept);
}

/** What would change in the form by a preset, in the order of the settings. */
export function presetChanges(
  form: Form,
  name: PresetName | 'defaults',
  models: readonly RewardModelSummary[] = [],
): SettingChange[] {
  return draftChanges(form.draft, choosePreset(form, name, models).draft);
}

function scorerOf(name: PresetName, models: readonly RewardModelSummary[]) {
  const found = scorerFor(name, models);
  return found && { model: found.name, identity: found.identity };
}

/** A person's programs and models stay at hand under any preset, chosen or not; one that it brings takes the place of its name. */
function ownRewards(draft: Draft, brought: Config['rewardModels'] = []): Partial<Config> {
  const { rewardSources, rewardModels } = draft as Config;
  const isOwn = !checkField('rewardSources', rewardSources) && !checkField('rewardModels', rewardModels);
  if (!isOwn) return { rewardModels: brought };
  const others = rewardModels.filter(({ name }) => !brought.some((each) => each.name === name));
  return { rewardSources, rewardModels: [...others, ...brought] };
}

/** The way back from settings that followed a model: the form as it was, which is the person's own choice now. */
export function undoFollowing({ settings }: Form): Form {
  const { before, ...rest } = settings;
  if (!before) return formOf(settings);
  return formOf({ ...rest, edits: editsTo(rest.basis.values, before, []), restored: [] });
}

/** Lets go of everything that the person set. */
export function dropEdits({ settings, draft }: Form): Form {
  return formOf({ ...settings, edits: {}, restored: [], before: draft });
}

/** Fields in which the form differs from what it would be untouched. */
export function editedFields({ basis, edits }: Settings): { key: ConfigKey; label: string }[] {
  return diffConfig(basis.values, { ...basis.values, ...(edits as Partial<Config>) });
}

/** What may be kept for the next visit, and what of a kept record can still be used. */
export function soundEdits(edits: unknown): Edits {
  if (typeof edits !== 'object' || edits === null) return {};
  const sound = Object.entries(edits).filter(([key, value]) => isConfigKey(key) && !checkField(key, value));
  return without(Object.fromEntries(sound) as Edits, OF_THIS_MODEL);
}

function editsTo(from: Config, to: Draft, said: readonly ConfigKey[]): Edits {
  const differ = CONFIG_KEYS.filter((key) => said.includes(key) || !sameValue(from[key], to[key]));
  return Object.fromEntries(differ.map((key) => [key, to[key]])) as Edits;
}

function withPartners(edits: Edits, draft: Draft): Edits {
  const chosen = TOGETHER.filter((keys) => keys.some((key) => Object.hasOwn(edits, key))).flat();
  return { ...edits, ...Object.fromEntries(chosen.map((key) => [key, draft[key]])) };
}

function without(edits: Edits, keys: readonly ConfigKey[]): Edits {
  return Object.fromEntries(
    Object.entries(edits).filter(([key]) => !keys.includes(key as ConfigKey)),
  ) as Edits;
}

const keysOf = (edits: object): ConfigKey[] => Object.keys(edits) as ConfigKey[];

export function sameValue(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || JSON.stringify(a) === JSON.stringify(b);
}

const sameDraft = (a: Draft, b: Draft): boolean => CONFIG_KEYS.every((key) => sameValue(a[key], b[key]));
