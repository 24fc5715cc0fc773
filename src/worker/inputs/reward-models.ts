/** Models that score answers: their folders as they are open, told again by a hash of their files. */
import { type OpenClassifier, openClassifier } from '../../classifiers/open.ts';
import type { FileTree } from '../../io/files/files.ts';
import { DTYPE_BYTES } from '../../io/tensors/dtype.ts';
import { InputError } from '../../math/errors.ts';
import type { Config } from '../../protocol/config.ts';
import type { RewardModelSummary } from '../../protocol/reward-models.ts';
import type { RewardModel } from '../../rewards/contract.ts';
import { modelIdentity } from '../runs/identity.ts';

export class RewardModels {
  readonly #open = new Map<string, OpenClassifier>();

  /** Reads all but the weights of a folder. @throws InputError where it is no classifier, or one that is not built here */
  async open(tree: FileTree): Promise<RewardModelSummary> {
    const opened = await openClassifier(tree);
    const identity = await modelIdentity(opened.files.tree);
    this.#open.set(identity, opened);
    return summarise(opened, identity);
  }

  /** The model of that hash, where it is open. */
  readonly find = (identity: string): OpenClassifier | undefined => this.#open.get(identity);

  close(identity: string): void {
    this.#open.delete(identity);
  }

  /** Those that a run's rewards name; of one that is not open, nothing. */
  ofRun(config: Pick<Config, 'rewards' | 'rewardModels'>): OpenClassifier[] {
    return named(config).flatMap(({ identity }) => this.#open.get(identity) ?? []);
  }

  /** @throws InputError where a model that a run's rewards name is not open */
  demandAll(config: Pick<Config, 'rewards' | 'rewardModels' | 'stage'>): void {
    if (config.stage === 'grpo') for (const each of named(config)) this.demand(each);
  }

  /** The open model that a run names. @throws InputError that asks for its folder */
  demand({ name, model, identity }: RewardModel): OpenClassifier {
    const opened = this.#open.get(identity);
    if (opened) return opened;
    throw new InputError(`The reward ${name} is the model "${model}", which is not open.`, {
      hint: 'Open its folder among the reward models (by command: --rewardModel DIR), then start or resume again. A folder whose files have changed is another model.',
    });
  }
}

const named = ({ rewards, rewardModels }: Pick<Config, 'rewards' | 'rewardModels'>): RewardModel[] =>
  rewardModels.filter(({ name }) => rewards.includes(name));

function summarise(
  { files, labels, template, mostTokens }: OpenClassifier,
  identity: string,
): RewardModelSummary {
  const { weights } = files;
  const sizes = weights.names().map((name) => {
    const { dtype, shape } = weights.info(name);
    return shape.reduce((count, side) => count * side, DTYPE_BYTES[dtype]);
  });
  return {
    identity,
    name: files.name,
    type: files.type,
    labels: [...labels],
    hasTemplate: template !== undefined,
    mostTokens,
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    notes: [...files.notes],
  };
}
