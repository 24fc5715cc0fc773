/** The demo's HumanOmni: the real architecture at toy size, everything in one folder as R1-Omni is published. */

/** Hidden sizes are as small as the two cues allow; the gate's 3584 is fixed by the architecture. */
export const VISION_CONFIG = {
  model_type: 'siglip_vision_model',
  hidden_size: 48,
  intermediate_size: 96,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  image_size: 32,
  patch_size: 8,
  layer_norm_eps: 1e-6,
  hidden_act: 'gelu_pytorch_tanh',
};

export const AUDIO_CONFIG = {
  model_type: 'whisper',
  d_model: 32,
  encoder_ffn_dim: 64,
  encoder_layers: 2,
  encoder_attention_heads: 4,
  num_mel_bins: 32,
  max_source_positions: 66,
  activation_function: 'gelu',
};

const BERT_CONFIG = {
  model_type: 'bert',
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 64,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  hidden_act: 'gelu',
};

/** What the demo asks about every clip; the run's default question is longer than the toy needs. */
export const QUESTION = 'Which emotion do face and voice show?';
/** No system turn: every token of the toy's prompt costs as much as a token that says something. */
export const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** What the face and the voice of each label look and sound like, as the cold start teaches to say it. */
export const ANSWERS: Readonly<Record<string, string>> = {
  happy: '<think>a smile, a lively voice</think>\n<answer>happy</answer>',
  angry: '<think>a frown, a lively voice</think>\n<answer>angry</answer>',
  neutral: '<think>a smile, a quiet voice</think>\n<answer>neutral</answer>',
  sad: '<think>a frown, a quiet voice</think>\n<answer>sad</answer>',
};

/** Valence is in the face, arousal in the voice: neither alone tells the label. */
export const hasSmile = (label: string): boolean => label === 'happy' || label === 'neutral';
export const isLively = (label: string): boolean => label === 'happy' || label === 'angry';

/** config.json; `vocabSize` and `bertVocabSize` come with the tokenizers, the end ids likewise. */
export function mainConfig(vocabSize: number, bertVocabSize: number, endId: number, padId: number) {
  return {
    architectures: ['HumanOmniQwen2ForCausalLM'],
    model_type: 'HumanOmni_qwen2',
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    tie_word_embeddings: true,
    hidden_act: 'silu',
    vocab_size: vocabSize,
    bos_token_id: null,
    eos_token_id: endId,
    pad_token_id: padId,
    torch_dtype: 'bfloat16',
    mm_vision_tower: 'siglip-toy',
    mm_audio_tower: 'whisper-toy',
    mm_hidden_size: VISION_CONFIG.hidden_size,
    mm_projector_type: 'all_in_one_small',
    mm_audio_projector_type: 'mlp2x_gelu',
    mm_vision_select_layer: -2,
    mm_vision_select_feature: 'patch',
    mm_use_x_start_end: true,
    num_frames: 4,
    vision_config: VISION_CONFIG,
    audio_config: AUDIO_CONFIG,
    bert_config: { ...BERT_CONFIG, vocab_size: bertVocabSize },
  };
}
