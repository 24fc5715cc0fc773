"""From clips and questions to what the model takes: pixels and log-mel, and rows of ids with places for media."""

import json
import re
from pathlib import Path

import torch
from tokenizers import BertWordPieceTokenizer, Tokenizer
from transformers import PreTrainedTokenizerFast

from .checkpoint_humanomni import main_folder, open_config
from .media_humanomni import HOP, SAMPLE_RATE, SILENCE, log_mel, pixels, read_frames, read_sound
from .modeling_humanomni import Clip

# Columns of log-mel to a position of the audio tower.
COLUMNS = 2
# BERT's positions.
MOST_QUESTION_IDS = 512
PREFIXES = {
    "video": "<vi_start><video><vi_end>\n",
    "image": "<im_start><image><im_end>\n",
    "audio": "<au_start><audio><au_end>\n",
}


class HumanOmniProcessor:
    """`processor(questions, media)` -> `input_ids`, `attention_mask` and `clips`, for `forward` and `generate`.

    A question is a text, or a chat whose content has `<video>`, `<image>` or `<audio>` where media go; media are dicts with `video`,
    `image`, `audio` (paths), `start`, `end` (seconds).
    """

    def __init__(self, config, tokenizer, question_tokenizer, mean, std):
        self.config = config
        self.tokenizer = tokenizer
        self.question_tokenizer = question_tokenizer
        self.mean, self.std = mean, std

    @classmethod
    def from_pretrained(cls, folder):
        main = main_folder(folder)
        config, towers, _ = open_config(folder)
        tokenizer = PreTrainedTokenizerFast.from_pretrained(main, padding_side="left")
        # The one beside the main config is that of another model's pictures.
        own = towers["vision"] / "preprocessor_config.json" if "vision" in towers else None
        values = json.loads(own.read_text()) if own and own.is_file() else getattr(config, "vision_preprocessor", {})
        mean, std = (values.get(key) or [0.5, 0.5, 0.5] for key in ("image_mean", "image_std"))
        return cls(config, tokenizer, open_question_tokenizer(folder, main, towers.get("bert")), mean, std)

    def question_ids(self, text):
        """What the gate reads, as BERT's ids [n]."""
        return torch.tensor(self.question_tokenizer.encode(text).ids)

    def clip(self, question_ids, video=None, image=None, audio=None, start=None, end=None):
        """What is shown and played, read from its files. A sound of its own takes the place of a video's; a picture is a video of one frame."""
        seen = video if video is not None else image
        shown = None
        if seen is not None:
            frames = read_frames(seen, self.config.num_frames, start, end) if video is not None else read_frames(seen, 1)
            shown = pixels(frames, self.config.vision_config.image_size, self.mean, self.std)
        return Clip(pixel_values=shown, input_features=self.heard(video, audio, start, end), question_ids=question_ids)

    def heard(self, video, audio, start=None, end=None):
        if self.config.audio_config is None or (video is None and audio is None):
            return None
        samples = COLUMNS * HOP * self.config.audio_config.max_source_positions
        sound = read_sound(video if audio is None else audio, samples / SAMPLE_RATE, start, end)
        if sound is None and audio is not None:
            raise ValueError(f"{audio}: found no sound, expected some.")
        return log_mel(torch.zeros(SILENCE) if sound is None else sound, self.config.audio_config.num_mel_bins, samples)

    def counts(self, video=None, image=None, audio=None, **_):
        """How many video and audio tokens such media become."""
        seen = self.config.video_tokens if video is not None else self.config.frame_tokens if image is not None else 0
        return seen, self.config.audio_tokens if video is not None or audio is not None else 0

    def ids(self, text, counts, clip):
        """A rendered chat -> ids; each tag becomes the places of clip number `clip`. Texts between tags are tokenized by themselves."""
        video, audio = self.config.media_ids(clip, *counts)
        ids = []
        for piece in re.split("(<video>|<image>|<audio>)", text):
            if piece in ("<video>", "<image>"):
                ids += video
            elif piece == "<audio>":
                ids += audio
            else:
                ids += self.tokenizer(piece, add_special_tokens=False)["input_ids"]
        return ids

    def __call__(self, questions, media, **template):
        """Rows padded on the left; a question that is a plain text gets the tags of its media before it, and is what the gate reads."""
        rows, clips = [], []
        for index, (question, files) in enumerate(zip(questions, media, strict=True)):
            counts = self.counts(**files)
            chat = [{"role": "user", "content": tagged(question, files, counts)}] if isinstance(question, str) else question
            text = self.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True, **template)
            clips.append(self.clip(self.question_ids(untagged(chat[-1]["content"])), **files))
            rows.append(self.ids(text, counts, index))
        longest = max(map(len, rows))
        pad = self.tokenizer.pad_token_id or 0
        padded = torch.tensor([[pad] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        return {"input_ids": padded, "attention_mask": mask, "clips": clips}


def tagged(question, files, counts):
    """A question behind the tags of its media: what is seen, then what is heard."""
    seen = [kind for kind in ("video", "image") if kind in files][:1]
    return "".join(PREFIXES[kind] for kind in (*seen, *(["audio"] if counts[1] else []))) + question


def untagged(content):
    """A text without the tags of media, each with the newline behind it: what the gate reads."""
    return re.sub(r"<(vi|im|au)_start><(video|image|audio)><(vi|im|au)_end>\n?|<(video|image|audio)>\n?", "", content)


def open_question_tokenizer(folder, main, bert):
    """BERT's: of its own folder, else from a vocab.txt beside or below the main folder."""
    if bert is not None and (Path(bert) / "tokenizer.json").is_file():
        tokenizer = Tokenizer.from_file(str(Path(bert) / "tokenizer.json"))
    else:
        places = [*([Path(bert)] if bert else []), main, *sorted(Path(folder).glob("*/"))]
        vocabulary = next((place / "vocab.txt" for place in places if (place / "vocab.txt").is_file()), None)
        if vocabulary is None:
            raise ValueError(f"{folder}: no vocab.txt for the gate's text. Put bert-base-uncased's vocab.txt into the folder.")
        tokenizer = BertWordPieceTokenizer(str(vocabulary))
    tokenizer.enable_truncation(MOST_QUESTION_IDS)
    tokenizer.no_padding()
    return tokenizer
