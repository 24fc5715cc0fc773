/** config.json and its companions of HumanOmni-0.5B / R1-Omni-0.5B, as published. */

/** Ids of the Qwen2-VL tokenizer that R1-Omni ships: 151,643 pieces, then the added tokens in this order. */
export const BASE_TOKENS = 151_643;
export const ADDED_TOKENS = [
  '<|endoftext|>',
  '<|im_start|>',
  '<|im_end|>',
  '<|object_ref_start|>',
  '<|object_ref_end|>',
  '<|box_start|>',
  '<|box_end|>',
  '<|quad_start|>',
  '<|quad_end|>',
  '<|vision_start|>',
  '<|vision_end|>',
  '<|vision_pad|>',
  '<|image_pad|>',
  '<|video_pad|>',
] as const;
const [PAD, , END] = ADDED_TOKENS.map((_, index) => BASE_TOKENS + index) as [number, number, number];

export const MAIN_CONFIG = {
  architectures: ['HumanOmniQwen2ForCausalLM'],
  model_type: 'HumanOmni_qwen2',
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  max_position_embeddings: 32768,
  max_window_layers: 21,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  rope_scaling: null,
  tie_word_embeddings: true,
  hidden_act: 'silu',
  attention_dropout: 0,
  vocab_size: 151_936,
  bos_token_id: PAD,
  eos_token_id: END,
  torch_dtype: 'bfloat16',
  use_sliding_window: false,
  mm_vision_tower: 'siglip-base-patch16-224',
  mm_vision_select_layer: -2,
  mm_vision_select_feature: 'patch',
  mm_hidden_size: 768,
  mm_projector_type: 'all_in_one_small',
  mm_audio_tower: 'whisper-large-v3',
  mm_audio_projector_type: 'mlp2x_gelu',
  audio_hidden_size: 1280,
  num_frames: 8,
  mm_use_x_start_end: true,
  image_aspect_ratio: 'pad',
} as const;

export const GENERATION_CONFIG = {
  bos_token_id: PAD,
  do_sample: true,
  eos_token_id: [END, PAD],
  pad_token_id: PAD,
  repetition_penalty: 1.1,
  temperature: 0.7,
  top_k: 20,
  top_p: 0.8,
};

export const TOKENIZER_CONFIG = {
  tokenizer_class: 'Qwen2Tokenizer',
  eos_token: '<|im_end|>',
  pad_token: '<|endoftext|>',
  chat_template:
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
};
