/** Models that score answers: those that are open, how each is read as a reward, and the ways to open one. */
import { useState } from 'react';
import { counted, formatBytes } from '../../../math/format.ts';
import type { RewardModelSummary } from '../../../protocol/reward-models.ts';
import { useStudio, useStudioState } from '../../../store/react.ts';
import { modelsIn } from '../../../store/reward-choice.ts';
import {
  addedReward,
  OPENS_SCORER,
  type RewardModelEntry,
  removedRewards,
} from '../../../store/reward-models.ts';
import { RemoveButton } from '../../parts/kept-row.tsx';
import { useFocusHandover } from '../../parts/use-focus-handover.ts';
import { Problems } from '../../shell/notices.tsx';
import { formOf, MappingForm } from './mapping-form.tsx';
import { OpenRewardModel } from './open-reward-model.tsx';

export function RewardModels() {
  const open = useStudioState((state) => state.rewardModels);
  const draft = useStudioState((state) => state.draft);
  const [isShown, setShown] = useState(false);
  const lost = modelsIn(draft).filter(({ identity }) => !open.some((model) => model.identity === identity));
  const count = open.length + lost.length;
  return (
    <details
      className="reward-models"
      data-drop="reward-model"
      open={isShown}
      // What becomes of a folder that is dropped on the heading is told inside.
      onDrop={() => setShown(true)}
      onToggle={(event) => setShown(event.currentTarget.open)}
    >
      <summary data-testid="reward-models">Reward models{count > 0 && ` (${count})`}</summary>
      {isShown && (
        <div className="stack">
          <p className="muted">
            A reward may be a classifier of texts that reads the answers: BERT, RoBERTa, DistilBERT, Qwen2 or
            Qwen3 with a classification head. It runs on this GPU.
          </p>
          {open.map((model) => (
            <ModelCard
              key={model.identity}
              model={model}
              entries={modelsIn(draft).filter(({ identity }) => identity === model.identity)}
            />
          ))}
          {lost.map((entry) => (
            <LostCard key={entry.name} entry={entry} />
          ))}
          <Problems commands={OPENS_SCORER} />
          <OpenRewardModel isFirst={count === 0} />
        </div>
      )}
    </details>
  );
}

/** Labels that are named before the rest is counted. */
const MOST_LABELS = 8;

function labelWords(labels: readonly string[]): string {
  const more = labels.length - MOST_LABELS;
  return labels.slice(0, MOST_LABELS).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

interface CardProps {
  readonly model: RewardModelSummary;
  readonly entries: readonly RewardModelEntry[];
}

function ModelCard({ model, entries }: CardProps) {
  const studio = useStudio();
  const place = useFocusHandover<HTMLElement>();
  const { identity, name, type, labels, bytes, mostTokens, hasTemplate, notes } = model;
  const readsFirst = labels.length > 1 && entries.some(({ mapping }) => mapping.label === 0);
  return (
    <section
      ref={place}
      className="panel reward-model"
      data-testid="reward-model"
      aria-label={`The reward model ${name}`}
    >
      <div className="panel-head">
        <h2>{name}</h2>
        <span className="buttons">
          <button
            type="button"
            data-testid="use-as-reward"
            onClick={() => studio.editAll(addedReward(studio.store.getState().draft, model))}
          >
            {entries.length > 0 ? 'Use as one more reward' : 'Use as a reward'}
          </button>
          <button
            type="button"
            data-testid="close-reward-model"
            onClick={() => studio.closeRewardModel(identity)}
          >
            Close
          </button>
        </span>
      </div>
      <p className="muted number">
        {type} · {counted(labels.length, 'label')} · {formatBytes(bytes)} · reads {mostTokens} tokens
        {hasTemplate && ' · chat template of its own'}
      </p>
      <p className="muted">Labels: {labelWords(labels)}.</p>
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
      {readsFirst && (
        <p className="notice" role="status">
          The first of its labels counts, {labels[0]}, as in a reward model of one label. Choose the label
          that is meant.
        </p>
      )}
      {entries.map((entry) => (
        <MappingForm key={formOf(entry.name)} entry={entry} labels={labels} />
      ))}
    </section>
  );
}

/** A reward of an earlier visit, or of a run that was opened, whose model is not here. */
function LostCard({ entry: { name, model } }: { entry: RewardModelEntry }) {
  const studio = useStudio();
  const place = useFocusHandover<HTMLElement>();
  const remove = () =>
    studio.editAll(removedRewards(studio.store.getState().draft, (each) => each.name === name));
  return (
    <section
      ref={place}
      className="panel reward-model"
      data-testid="lost-reward-model"
      aria-label={`The reward ${name}`}
    >
      <div className="panel-head">
        <h2>{name}</h2>
        <RemoveButton
          testId={`remove-${name}`}
          label="Take this reward out"
          question="Take it out, with how it is read?"
          onRemove={remove}
        />
      </div>
      <p>The model {model} is not open. Open it below: it is known by its files, and read as before.</p>
    </section>
  );
}
