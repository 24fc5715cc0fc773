/** Qwen2-VL and Qwen2.5-VL: a tower for frames of any size beside a Qwen2 decoder with M-RoPE. */
import { InputError } from '../../math/errors.ts';
import type { Family, Handoff, ModelConfig } from '../api.ts';
import { qwenVlClips } from './clips.ts';
import { QwenVlEncoder } from './encoder.ts';
import { openQwen2VlFiles, type Qwen2VlFamily, qwen2VlModelType } from './files.ts';
import { openQwen2Vl, parseQwen2VlConfig, type Qwen2VlConfig } from './parts.ts';
import { openQwenVlText } from './prompt.ts';
import { openQwen2VlVision, visionLinears } from './vision.ts';

export const qwen2Vl = familyOf('Qwen2-VL', {
  ...handoffOf('Qwen2-VL', 'Qwen2VLForConditionalGeneration'),
  r1OmniNotes: [
    'Qwen2-VL is the model that this trainer was first written for; it sees the video and hears nothing.',
  ],
  differences: [],
});

export const qwen25Vl = familyOf('Qwen2.5-VL', {
  ...handoffOf('Qwen2.5-VL', 'Qwen2_5_VLForConditionalGeneration'),
  r1OmniNotes: [
    'Qwen2.5-VL is newer than this trainer, which was first written for Qwen2-VL: see that your version and its transformers open it.',
    'It sees the video and hears nothing.',
  ],
  differences: [
    '- Positions of the text behind a video: the studio counts on from the highest position before it, as transformers 4 does; transformers 5',
    '  (5.18 and 5.24 were read) counts on from the frame size. They differ for clips of more than some 5 s.',
  ],
});

function familyOf(name: Qwen2VlFamily, handoff: Handoff): Family {
  const isOurs = (config: ModelConfig): config is Qwen2VlConfig => config.family === name;
  const own = (config: ModelConfig): Qwen2VlConfig => {
    if (isOurs(config)) return config;
    throw new InputError(`A checkpoint of the family ${config.family}; expected ${name}.`);
  };
  const type = qwen2VlModelType(name);
  return {
    name,
    modelType: type,
    published: name,
    recognises: ({ model_type }) => model_type === type,
    openFiles: openQwen2VlFiles,
    readConfig: ({ main }) => parseQwen2VlConfig(main.config),
    openAll: (gpu, config, _files, sources) => void openQwen2Vl(gpu, own(config), sources),
    aliases: {},
    usual: 'clips',
    trainable: ['decoder', 'vision'],
    towerConfig: (config) => ({ vision: own(config).vision }),
    clips: async (config) => qwenVlClips(own(config)),
    openText: (_tree, files, config) => openQwenVlText(files, own(config)),
    openEncoder: (gpu, { files, config }, progress) =>
      QwenVlEncoder.create(gpu, { files, config: own(config) }, progress),
    tower: {
      open: (gpu, config, sources) => openQwen2VlVision(gpu, sources, own(config).vision),
      linears: (config) => visionLinears(own(config).vision),
    },
    handoff,
  };
}

function handoffOf(name: string, model: string): Omit<Handoff, 'r1OmniNotes' | 'differences'> {
  return {
    loading: { library: 'transformers', model, reader: 'AutoProcessor' },
    decoder: 'model.language_model',
    tower: 'model.visual',
    shownByR1Omni: 'video',
    r1OmniArguments: '',
    seesInVerl: true,
    blindInTrl: 'no video',
    textPartNotes: [
      `The text part of a ${name} is a plain Qwen2, so that trl grpo needs no image processor (Pillow, torchvision). An adapter`,
      'trained on it names its layers without `language_model`; the studio reads it on the whole model all the same.',
    ],
  };
}
