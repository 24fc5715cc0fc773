/** Presets: where each comes from and what it would change, before it is laid over the form. */
import { useRef, useState } from 'react';
import type { ConfigKey } from '../../../protocol/config.ts';
import {
  isLaidOver,
  isPresetName,
  PRESETS,
  type Preset,
  type PresetName,
  presetsFor,
  scorerFor,
} from '../../../protocol/presets.ts';
import { useStudio, useStudioState } from '../../../store/react.ts';
import { presetChanges } from '../../../store/settings.ts';
import { HeldButton } from '../../parts/held-button.tsx';
import { PaperLink } from '../../parts/paper-link.tsx';
import { ChangeList } from './change-list.tsx';

type Chosen = PresetName | 'defaults';

const DEFAULTS: Preset = {
  label: 'Defaults',
  help: 'Every setting as it is where nothing is said, whatever model is open.',
  values: {},
};
const NOTHING: ReadonlySet<ConfigKey> = new Set();

const isChoice = (word: string): word is Chosen => word === 'defaults' || isPresetName(word);
const rowOf = (name: Chosen): Preset => (name === 'defaults' ? DEFAULTS : PRESETS[name]);

export function PresetChoice() {
  const [chosen, setChosen] = useState<Chosen>();
  const select = useRef<HTMLSelectElement>(null);
  const model = useStudioState((state) => state.model);
  const leave = () => {
    setChosen(undefined);
    select.current?.focus();
  };
  const names = presetsFor(model);
  const option = (name: Chosen) => (
    <option key={name} value={name}>
      {rowOf(name).label}
    </option>
  );
  return (
    <section className="presets" aria-label="Presets">
      <label>
        Start from a preset{' '}
        <select
          ref={select}
          value={chosen ?? ''}
          data-testid="preset"
          onChange={({ target }) => setChosen(isChoice(target.value) ? target.value : undefined)}
        >
          <option value="">choose…</option>
          {option('defaults')}
          <optgroup label="Whole forms">{names.filter((name) => !isLaidOver(name)).map(option)}</optgroup>
          <optgroup label="Objectives of papers">{names.filter(isLaidOver).map(option)}</optgroup>
        </select>
      </label>
      {chosen && <PresetPreview key={chosen} name={chosen} onDone={leave} />}
    </section>
  );
}

function PresetPreview({ name, onDone }: { name: Chosen; onDone: () => void }) {
  const studio = useStudio();
  const [except, setExcept] = useState(NOTHING);
  const settings = useStudioState((state) => state.settings);
  const draft = useStudioState((state) => state.draft);
  const models = useStudioState((state) => state.rewardModels);
  const { help, source, scorer, lacks, leaves } = rowOf(name);
  const lacksModel = scorer !== undefined && name !== 'defaults' && !scorerFor(name, models);
  const changes = presetChanges({ settings, draft }, name, models);
  const taken = changes.filter(({ key }) => !except.has(key)).length;
  const isForAll = changes.some(({ key }) => key === 'learningRate') && Number(draft.loraRank) > 0;
  return (
    <div className="preset-preview" data-testid="preset-preview">
      <p>{help}</p>
      {source && (
        <p className="muted">
          From <PaperLink id={source.paper} whole />: {source.where}.
        </p>
      )}
      {lacks && <Listed words="Not here" things={lacks} />}
      {leaves && <Listed words="Left as it is" things={leaves} />}
      {changes.length === 0 ? (
        <p data-testid="preset-same">It changes nothing: the form says all of it already.</p>
      ) : (
        <>
          <p>It changes {changes.length === 1 ? 'one setting' : `${changes.length} settings`}:</p>
          <ChangeList changes={changes} except={except} onExcept={setExcept} testId="preset-changes" />
        </>
      )}
      {isForAll && source && (
        <p className="muted">
          The learning rate was published for training every weight; LoRA likes about ten times more.
        </p>
      )}
      {lacksModel && (
        <p className="field-problem">
          It scores by a model: open one that has the 28 labels of GoEmotions among the reward models first.
        </p>
      )}
      <p className="buttons">
        {changes.length > 0 && (
          <HeldButton
            className="primary"
            data-testid="apply-preset"
            disabled={lacksModel || taken === 0}
            onClick={() => {
              studio.applyPreset(name, [...except]);
              onDone();
            }}
          >
            Change {taken === 1 ? 'this one' : `these ${taken}`}
          </HeldButton>
        )}{' '}
        <button type="button" data-testid="leave-preset" onClick={onDone}>
          Leave it
        </button>
      </p>
    </div>
  );
}

function Listed({ words, things }: { words: string; things: readonly string[] }) {
  return (
    <p className="muted">
      {words}: {things.join('; ')}.
    </p>
  );
}
