/** The twin of a family in a bundle: its models as transformers loads and trains them, a package in Python. */
import type { Handoff } from '../../families/api.ts';
import { type FileToWrite, inFolder, textFile } from '../../io/writing/file-to-write.ts';
import initPy from './python/humanomni/__init__.py?raw';
import checkpointPy from './python/humanomni/checkpoint_humanomni.py?raw';
import configurationPy from './python/humanomni/configuration_humanomni.py?raw';
import mediaPy from './python/humanomni/media_humanomni.py?raw';
import modelingPy from './python/humanomni/modeling_humanomni.py?raw';
import processingPy from './python/humanomni/processing_humanomni.py?raw';
import projectorPy from './python/humanomni/projector_humanomni.py?raw';
import trainingPy from './python/humanomni/training_humanomni.py?raw';

const FILES: Readonly<Record<NonNullable<Handoff['twin']>, Readonly<Record<string, string>>>> = {
  humanomni: {
    '__init__.py': initPy,
    'configuration_humanomni.py': configurationPy,
    'checkpoint_humanomni.py': checkpointPy,
    'modeling_humanomni.py': modelingPy,
    'projector_humanomni.py': projectorPy,
    'processing_humanomni.py': processingPy,
    'media_humanomni.py': mediaPy,
    'training_humanomni.py': trainingPy,
  },
};

/** The package's folder; nothing for a family that transformers has itself. */
export const twinFiles = ({ twin }: Handoff): FileToWrite[] =>
  twin === undefined
    ? []
    : inFolder(
        twin,
        Object.entries(FILES[twin]).map(([path, text]) => textFile(path, text)),
      );

/** What README.md says of it. */
export const twinLines = ({ twin }: Handoff): string[] =>
  twin === undefined
    ? []
    : [
        '## The model in Python',
        '',
        `\`${twin}/\` is this model for transformers 5, towers, projectors and gate included, with what PEFT and \`generate\` need:`,
        '',
        '```python',
        `from ${twin} import HumanOmniProcessor, HumanOmniQwen2ForCausalLM`,
        'processor = HumanOmniProcessor.from_pretrained("/path/to/base")      # or the exported merged weights',
        'model = HumanOmniQwen2ForCausalLM.from_pretrained("/path/to/base")',
        'rows = processor(["Which emotion is it?"], [{"video": "clip.mp4"}])  # frames, sound and ids as in the studio; reads clips by PyAV',
        'answer = model.generate(**rows, max_new_tokens=256)',
        'model.train_only("decoder", "projectors")                            # as the switches of the studio',
        '```',
        '',
        `How ids name the places of a clip stands at the top of \`${twin}/modeling_humanomni.py\`.`,
        '',
      ];
