"""The configuration of a HumanOmni: a Qwen2's, with those of its towers and of the gate's text encoder inside."""

from transformers import BertConfig, Qwen2Config, SiglipVisionConfig, WhisperConfig

# Published configs name the towers by path alone: what google/siglip-base-patch16-224 and google/siglip-so400m-patch14-384 are, by their width.
PUBLISHED_VISION = {
    768: dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, image_size=224, patch_size=16),
    1152: dict(hidden_size=1152, intermediate_size=4304, num_hidden_layers=27, num_attention_heads=16, image_size=384, patch_size=14),
}
# openai/whisper-large-v3
PUBLISHED_AUDIO = dict(d_model=1280, encoder_ffn_dim=5120, encoder_layers=32, encoder_attention_heads=20, num_mel_bins=128, max_source_positions=1500)
# Blocks of a stage, and zeros around the map in the sampling convolution.
PROJECTORS = {"all_in_one_small": (2, 0), "all_in_one": (4, 1)}
# Consecutive positions of the audio tower that become one token.
POOLED_POSITIONS = 3


class HumanOmniQwen2Config(Qwen2Config):
    """`vision_config`, `audio_config`, `bert_config`: a tower's own config.json, or its class; the published ones where they are left out.

    A model without `mm_audio_tower` does not hear.
    """

    model_type = "HumanOmni_qwen2"
    sub_configs = {"vision_config": SiglipVisionConfig, "audio_config": WhisperConfig, "bert_config": BertConfig}

    def __init__(
        self,
        vision_config=None,
        audio_config=None,
        bert_config=None,
        mm_vision_select_layer=-2,
        mm_projector_type="linear",
        mm_hidden_size=768,
        mm_audio_tower=None,
        num_frames=8,
        **kwargs,
    ):
        if vision_config is None and mm_hidden_size not in PUBLISHED_VISION:
            raise ValueError(f'config.json: "mm_hidden_size" is {mm_hidden_size}, and no "vision_config" says what the vision tower is.')
        self.vision_config = _of(SiglipVisionConfig, vision_config, PUBLISHED_VISION.get(mm_hidden_size))
        self.audio_config = None if mm_audio_tower is None else _of(WhisperConfig, audio_config, PUBLISHED_AUDIO)
        self.bert_config = _of(BertConfig, bert_config, {})
        self.mm_vision_select_layer = mm_vision_select_layer
        self.mm_projector_type = mm_projector_type
        self.mm_hidden_size = mm_hidden_size
        self.mm_audio_tower = mm_audio_tower
        self.num_frames = num_frames
        super().__init__(**kwargs)

    @property
    def projector(self):
        """Blocks of a stage of the video projector, and the padding of its sampling convolution."""
        if self.mm_projector_type not in PROJECTORS:
            raise ValueError(f'config.json: "mm_projector_type" is {self.mm_projector_type!r}, expected one of {", ".join(PROJECTORS)}.')
        return PROJECTORS[self.mm_projector_type]

    @property
    def vision_layers(self):
        """Blocks that `hidden_states[mm_vision_select_layer]` takes, by number: what later releases append to that list does not count."""
        layers, index = self.vision_config.num_hidden_layers, self.mm_vision_select_layer
        return layers + 1 + index if index < 0 else index

    @property
    def patch_side(self):
        """Patches along one side of a picture."""
        return self.vision_config.image_size // self.vision_config.patch_size

    @property
    def frame_tokens(self):
        """Tokens of one frame: those of a map of half the side."""
        side, (_, padding) = self.patch_side, self.projector
        sampled, pooled = (side + 2 * padding - 2) // 2 + 1, (side + 1) // 2
        if sampled != pooled:
            parity = "odd" if padding else "even"
            raise ValueError(f"{self.mm_projector_type} needs an {parity} number of patches to a side, and the vision tower has {side}.")
        return sampled**2

    @property
    def video_tokens(self):
        """Tokens of a video of `num_frames` frames."""
        return self.num_frames * self.frame_tokens

    @property
    def audio_tokens(self):
        """Tokens of a sound; 0 where the model does not hear."""
        return self.audio_config.max_source_positions // POOLED_POSITIONS if self.audio_config else 0

    @property
    def media_tokens(self):
        """Ids that one clip has beyond the vocabulary: places of its video first, then of its sound."""
        return self.video_tokens + self.audio_tokens

    def media_ids(self, clip, video=0, audio=0):
        """The ids of the places that clip number `clip` has for so many video and audio tokens: two lists."""
        start = self.vocab_size + clip * self.media_tokens
        sound = start + self.video_tokens
        return list(range(start, start + video)), list(range(sound, sound + audio))


def _of(config_class, values, published):
    if isinstance(values, config_class):
        return values
    values = published if values is None else values
    # A SigLIP's own config may be that of both its towers.
    values = values.get("vision_config", values) if config_class is SiglipVisionConfig else values
    return config_class(**{key: value for key, value in values.items() if key != "model_type"})
