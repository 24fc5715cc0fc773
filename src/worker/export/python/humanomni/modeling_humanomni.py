"""HumanOmni and R1-Omni: SigLIP and Whisper see and hear, projectors and a gate make tokens of it, a Qwen2 answers.

In a row of ids, media are ids beyond the vocabulary. Clip `c` of those that a call is given has `config.media_tokens` of them, from
`vocab_size + c * media_tokens` on: places of its video, then of its sound (`config.media_ids`). So a row has its full length from the start,
rows may share a clip, and what pads, masks or concatenates ids needs to know of no medium.
"""

import copy
from dataclasses import dataclass

import torch
from torch import nn
from transformers import BertModel, Qwen2ForCausalLM, Qwen2Model
from transformers.models.siglip.modeling_siglip import SiglipEncoder
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from .checkpoint_humanomni import open_checkpoint
from .configuration_humanomni import HumanOmniQwen2Config
from .projector_humanomni import BRANCHES, GATE_WIDTH, VideoProjector, audio_projector, mlp, pool_positions

# What the studio's switches train, by the names of the parameters.
PARTS = {
    "decoder": ("model.embed_tokens.", "model.layers.", "model.norm.", "lm_head."),
    "projectors": ("model.mm_projector.", "model.audio_projector."),
    "gate": ("model.bert_gate.",),
    "bert": ("model.bert_model.",),
}


@dataclass
class Clip:
    """What is seen and heard of one row, as far as it has been computed: inputs, the towers' features, or tokens. No batch axis."""

    # [T, 3, side, side], frames in [-1, 1]; T is 1 for a picture
    pixel_values: torch.Tensor | None = None
    # [mel bins, 2 * positions], Whisper's log-mel
    input_features: torch.Tensor | None = None
    # [n], BERT's ids of the question, which steers the gate: needed where something is seen
    question_ids: torch.Tensor | None = None
    # [T, patches, width] of the vision tower's selected layer
    vision_features: torch.Tensor | None = None
    # [audio tokens, width] of the audio tower, pooled
    audio_features: torch.Tensor | None = None
    # [T * frame_tokens, hidden] and [audio tokens, hidden], as the decoder reads them
    video_tokens: torch.Tensor | None = None
    audio_tokens: torch.Tensor | None = None


class PatchEmbeddings(nn.Module):
    """[T, 3, side, side] -> [T, patches, width], patches row by row; no class token."""

    def __init__(self, config):
        super().__init__()
        width, patch = config.hidden_size, config.patch_size
        self.patch_embedding = nn.Conv2d(3, width, patch, stride=patch)
        self.position_embedding = nn.Embedding((config.image_size // patch) ** 2, width)

    def forward(self, pixel_values):
        return self.patch_embedding(pixel_values).flatten(2).transpose(1, 2) + self.position_embedding.weight


class VisionTower(nn.Module):
    """SigLIP (Zhai et al. 2023, arXiv 2303.15343) as far as its features are used: no later block, no last norm, no head."""

    def __init__(self, config):
        super().__init__()
        self.vision_tower = nn.Module()
        self.vision_tower.vision_model = nn.Module()
        self.vision_tower.vision_model.embeddings = PatchEmbeddings(config.vision_config)
        config.vision_config._attn_implementation = "sdpa"  # a bare module is not told by anyone
        self.vision_tower.vision_model.encoder = SiglipEncoder(config.vision_config)
        del self.vision_tower.vision_model.encoder.layers[config.vision_layers :]

    def forward(self, pixel_values):
        """[T, 3, side, side] -> [T, patches, width]"""
        model = self.vision_tower.vision_model
        return model.encoder(inputs_embeds=model.embeddings(pixel_values)).last_hidden_state


class AudioTower(nn.Module):
    """Whisper's encoder (Radford et al. 2022, arXiv 2212.04356)."""

    def __init__(self, config):
        super().__init__()
        self.audio_tower = nn.Module()
        self.audio_tower.encoder = WhisperEncoder(config.audio_config)

    def forward(self, input_features):
        """[mel bins, 2 * positions] -> [positions, width]"""
        return self.audio_tower.encoder(input_features[None]).last_hidden_state[0]


def without_dropout(bert_config):
    """BERT as the studio trains by it: rollout, loss and reference see the same tokens."""
    config = copy.deepcopy(bert_config)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    return config


class HumanOmniQwen2Model(Qwen2Model):
    config_class = HumanOmniQwen2Config

    def __init__(self, config):
        super().__init__(config)
        self.vision_tower = VisionTower(config)
        self.mm_projector = VideoProjector(config)
        self.bert_model = BertModel(without_dropout(config.bert_config), add_pooling_layer=False)
        self.bert_gate = mlp(config.bert_config.hidden_size, GATE_WIDTH, BRANCHES)
        if config.audio_config is not None:
            self.audio_tower = AudioTower(config)
            self.audio_projector = audio_projector(config)
        # Clips that ids refer to where a call brings none: a trainer that knows only ids puts those of its data here.
        self.clips = None
        self.post_init()

    def forward(self, input_ids=None, inputs_embeds=None, clips=None, **options):
        if inputs_embeds is None:
            inputs_embeds = self.embed(input_ids, clips)
        return super().forward(inputs_embeds=inputs_embeds, **options)

    @torch.no_grad()
    def encode(self, clip):
        """The clip with the towers' features, which never train, in the place of their inputs."""
        vision, audio = clip.vision_features, clip.audio_features
        if vision is None and clip.pixel_values is not None:
            vision = self.vision_tower(clip.pixel_values.to(self.device, self.dtype))
        if audio is None and clip.input_features is not None:
            audio = pool_positions(self.audio_tower(clip.input_features.to(self.device, self.dtype)))
        return Clip(vision_features=vision, audio_features=audio, question_ids=clip.question_ids)

    def question_row(self, question_ids):
        """BERT's ids of a question [n] -> its row of the first token [width]."""
        return self.bert_model(input_ids=question_ids[None].to(self.device)).last_hidden_state[0, 0]

    def branch_weights(self, row):
        """BERT's row [width] -> the shares of video, body and face [3]."""
        return self.bert_gate(row).softmax(-1)

    def media_tokens(self, clip):
        """A clip -> its video's tokens [n, hidden] and its sound's [n, hidden]; None for what it has not."""
        clip = clip if clip.video_tokens is not None or clip.audio_tokens is not None else self.encode(clip)
        video, audio = clip.video_tokens, clip.audio_tokens
        if video is None and clip.vision_features is not None:
            shares = self.branch_weights(self.question_row(clip.question_ids))
            branches = self.mm_projector(clip.vision_features.to(self.device, self.dtype))
            video = torch.einsum("b,bnd->nd", shares, branches)
        if audio is None and clip.audio_features is not None:
            audio = self.audio_projector(clip.audio_features.to(self.device, self.dtype))
        return video, audio

    def embed(self, input_ids, clips):
        """Ids [batch, length], those beyond the vocabulary places of `clips` -> embeddings [batch, length, hidden]."""
        clips = self.clips if clips is None else clips
        media = input_ids >= self.config.vocab_size
        embeds = self.embed_tokens(input_ids.masked_fill(media, 0))
        if not media.any():
            return embeds
        places = input_ids[media] - self.config.vocab_size
        owners, places = places // self.config.media_tokens, places % self.config.media_tokens
        if clips is None or int(owners.max()) >= len(clips):
            raise ValueError(f"The ids name clip {int(owners.max())}, and {len(clips or [])} clips were given.")
        rows = embeds.new_zeros(len(places), embeds.shape[-1])
        for owner in owners.unique().tolist():
            ours = owners == owner
            rows = rows.masked_scatter(ours[:, None], self._rows_of(clips[owner], places[ours], owner).to(rows))
        return embeds.masked_scatter(media[..., None], rows)

    def _rows_of(self, clip, places, owner):
        tokens = self.media_tokens(clip)
        seen, heard = (0 if part is None else len(part) for part in tokens)
        is_sound = places >= self.config.video_tokens
        at = torch.where(is_sound, places - self.config.video_tokens, places)
        if bool((at >= torch.where(is_sound, heard, seen)).any()):
            raise ValueError(f"Clip {owner} has {seen} video and {heard} audio tokens, and the ids ask for more.")
        return torch.cat([part for part in tokens if part is not None])[torch.where(is_sound, at + seen, at)]


class HumanOmniQwen2ForCausalLM(Qwen2ForCausalLM):
    config_class = HumanOmniQwen2Config
    # Published files hold them, and no forward reads them.
    _keys_to_ignore_on_load_unexpected = [
        r"vision_model\.(post_layernorm|head)\.",
        r"audio_tower\.audio_tower\.(projector|classifier)\.",
        r"bert_model\.pooler\.",
        r"^model\.feature_compressor\.",
        r"\.position_ids$",
    ]

    def __init__(self, config):
        super().__init__(config)
        self.model = HumanOmniQwen2Model(config)
        unused = range(config.vision_layers, config.vision_config.num_hidden_layers)
        if unused:
            blocks = "|".join(str(index) for index in unused)
            self._keys_to_ignore_on_load_unexpected = {
                *type(self)._keys_to_ignore_on_load_unexpected,
                rf"vision_model\.encoder\.layers\.({blocks})\.",
            }
        self.post_init()

    @classmethod
    def from_pretrained(cls, folder, *args, config=None, generation_config=None, **options):
        """A published or exported folder: everything in one, or the towers in folders of their own below or beside the main one."""
        main, config, state, generation = open_checkpoint(folder, config)
        options["generation_config"] = generation if generation_config is None else generation_config
        if state is None:
            return super().from_pretrained(main, *args, config=config, **options)
        loaded = super().from_pretrained(None, *args, config=config, state_dict=state, **options)
        (loaded[0] if isinstance(loaded, tuple) else loaded).config.name_or_path = main
        return loaded

    def train_only(self, *parts):
        """Trains these parts (`decoder`, `projectors`, `gate`, `bert`) and nothing else; the towers never train."""
        prefixes = tuple(prefix for part in parts for prefix in PARTS[part])
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name.startswith(prefixes) if prefixes else False)

    def forward(self, input_ids=None, attention_mask=None, position_ids=None, inputs_embeds=None, labels=None, logits_to_keep=0, clips=None, **options):
        if inputs_embeds is None:
            inputs_embeds = self.model.embed(input_ids, clips)
        options |= {"attention_mask": attention_mask, "position_ids": position_ids, "labels": labels, "logits_to_keep": logits_to_keep}
        return super().forward(inputs_embeds=inputs_embeds, **options)

    @torch.no_grad()
    def generate(self, input_ids=None, clips=None, **options):
        """As transformers does; a repetition penalty counts what was generated, as in the published code, which gives embeddings alone."""
        if input_ids is None or not bool((input_ids >= self.config.vocab_size).any()):
            return super().generate(input_ids, **options)
        embeds = self.model.embed(input_ids, clips)
        options.setdefault("attention_mask", torch.ones_like(input_ids))
        generated = super().generate(inputs_embeds=embeds, **options)
        ids = getattr(generated, "sequences", generated)
        whole = torch.cat([input_ids.repeat_interleave(len(ids) // len(input_ids), 0), ids], 1)
        if ids is generated:
            return whole
        generated.sequences = whole
        return generated
