/** HumanOmni and R1-Omni (0.5B): SigLIP, Whisper and BERT beside a Qwen2 decoder, with projectors and a gate between. */
import { InputError } from '../../math/errors.ts';
import type { Family, ModelConfig } from '../api.ts';
import { humanOmniClips } from './clips.ts';
import { ALIASES, encodeGateTexts, HumanOmniEncoder } from './encoder.ts';
import { isHumanOmni, openHumanOmni, preprocessorOf } from './files.ts';
import {
  type HumanOmniConfig,
  openGateEncoder,
  openHumanOmniParts,
  openProjectors,
  readHumanOmniConfig,
} from './parts.ts';
import { openHumanOmniText } from './prompt.ts';
import { demandTowers } from './towers.ts';

/** The config as that of a HumanOmni. Throws where it is of another family. */
export function humanOmniConfig(config: ModelConfig): HumanOmniConfig {
  if (isOurs(config)) return config;
  throw new InputError(`A checkpoint of the family ${config.family}; expected HumanOmni.`);
}

const isOurs = (config: ModelConfig): config is HumanOmniConfig => config.family === 'HumanOmni';

export const humanOmni: Family = {
  name: 'HumanOmni',
  modelType: 'that begins with HumanOmni',
  published: 'HumanOmni-0.5B or R1-Omni-0.5B, or a folder that holds it beside its towers',
  recognises: isHumanOmni,
  openFiles: openHumanOmni,
  demandParts: demandTowers,
  readConfig: readHumanOmniConfig,
  openAll: (gpu, config, files, sources) =>
    openHumanOmniParts(gpu, humanOmniConfig(config), files.main.config, sources),
  aliases: ALIASES,
  usual: 'R1-Omni',
  trainable: ['decoder', 'projectors', 'gate', 'bert'],
  towerConfig(config) {
    const { frames, vision, visionLayer, audio } = humanOmniConfig(config);
    return { frames, vision, visionLayer, audio };
  },
  clips: async (config, files) =>
    humanOmniClips(humanOmniConfig(config), await preprocessorOf(files, 'vision')),
  openText: (tree, files, config) => openHumanOmniText(tree, files, humanOmniConfig(config)),
  openEncoder: (gpu, { files, config }, progress) =>
    HumanOmniEncoder.create(gpu, { files, config: humanOmniConfig(config) }, progress),
  gateText: {
    width: (config) => humanOmniConfig(config).bert.hiddenSize,
    encode: (gpu, { files, config }, texts) =>
      encodeGateTexts(gpu, { files, config: humanOmniConfig(config) }, texts),
  },
  between: {
    openProjectors: (open, config, { main }) => openProjectors(open, humanOmniConfig(config), main.config),
    openGateEncoder: (open, config) => openGateEncoder(open, humanOmniConfig(config)),
  },
  // The gate's vocabulary is taken along wherever it lies.
  filesBeside: (tree, { towers }) =>
    towers.bert ? [] : tree.files.filter(({ path }) => /(^|\/)vocab\.txt$/.test(path)).slice(0, 1),
  handoff: {
    loading: { library: 'humanomni' },
    decoder: 'model',
    shownByR1Omni: 'video and sound',
    r1OmniArguments:
      ' \\\n  --siglip PATH --whisper PATH --bert PATH --processor /path/to/Qwen2-VL-2B-Instruct',
    r1OmniNotes: ['Towers that lie in `r1omni/` already need not be named.'],
    seesInVerl: false,
    blindInTrl: 'no video and no sound',
    textPartNotes: [
      "With `--text-only`, and by `trl grpo`, the text part is loaded, as the plain Qwen2 that it is; the adapter fits HumanOmni's own classes too.",
    ],
    twin: 'humanomni',
    differences: [],
  },
};
