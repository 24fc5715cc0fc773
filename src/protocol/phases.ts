/** The parts that a step's seconds are told apart by: key, plain words, and what counts as it. They add up to the step. */
export const PHASES = {
  media: {
    label: 'Media',
    help: 'Clips decoded, encoded and turned into media tokens, as far as the step waits for them.',
  },
  prefill: { label: 'Rollout: prefill', help: 'The device reads prompts into the cache of keys and values.' },
  decode: { label: 'Rollout: decode', help: 'The device samples answers, one token of all rows at a time.' },
  rewards: { label: 'Rewards', help: 'Answers are read as text and scored.' },
  reference: {
    label: 'Reference forward',
    help: 'Log-probabilities of the reference model, where β is above 0.',
  },
  forward: { label: 'Policy forward', help: 'Log-probabilities of the answers under the model that trains.' },
  backward: { label: 'Backward', help: 'Loss and gradients, what is computed again included.' },
  optimizer: { label: 'Optimizer', help: 'Gradients zeroed, clipped and applied by AdamW.' },
  host: {
    label: 'Host',
    help: 'The rest: JavaScript prepares, submits or reads back, and the device has nothing of the step to do. The rests of a run that leaves room for the screen are in it.',
  },
} as const;

export type Phase = keyof typeof PHASES;

export const isPhase = (key: string): key is Phase => Object.hasOwn(PHASES, key);
