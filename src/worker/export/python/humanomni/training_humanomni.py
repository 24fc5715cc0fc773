"""The clips of a trainer's rows, encoded when they are first asked for and kept on disk; and the rows as ids with places for them."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from .modeling_humanomni import Clip

KINDS = ("video", "image", "audio")


def media_of(row, folder):
    """What a row shows and plays: its paths in the folder, and its part in seconds."""
    files = {kind: str(Path(folder) / row[kind]) for kind in KINDS if row.get(kind)}
    return files | {key: row[key] for key in ("start", "end") if row.get(key) is not None}


class ShownClips(Sequence):
    """Media tokens of clips. Projectors and gate are taken as they are when a clip is first asked for: they may not train."""

    def __init__(self, model, processor, kept):
        self.model, self.processor, self.kept = model, processor, Path(kept)
        self.kept.mkdir(parents=True, exist_ok=True)
        self.asked, self.numbers = [], {}

    def number(self, question_ids, files):
        """The number of a clip that is asked this; the same for the same."""
        key = json.dumps([question_ids, files], sort_keys=True)
        if key not in self.numbers:
            self.numbers[key] = len(self.asked)
            self.asked.append((question_ids, files, hashlib.sha256(f"{self.model.config.name_or_path} {key}".encode()).hexdigest()[:32]))
        return self.numbers[key]

    def __len__(self):
        return len(self.asked)

    def __getitem__(self, number):
        question_ids, files, name = self.asked[number]
        path = self.kept / f"{name}.safetensors"
        if not path.exists():
            tokens = tokens_of(self.model, self.processor.clip(torch.tensor(question_ids), **files))
            # Another process may be at the same clip.
            part = path.with_suffix(f".{os.getpid()}")
            save_file(tokens, part)
            part.replace(path)
        return Clip(**load_file(path))


@torch.no_grad()
def tokens_of(model, clip):
    """A clip's media tokens by their names in `Clip`, as far as it has any; in the model's own precision, whatever trains around it."""
    with torch.autocast(model.device.type, enabled=False):
        tokens = dict(zip(("video_tokens", "audio_tokens"), model.media_tokens(clip)))
    return {name: value.float().cpu().contiguous() for name, value in tokens.items() if value is not None}


def row_ids(processor, row, files, number):
    """A row of a bundle's data, which shows clip `number`, -> its prompt's ids."""
    variables = row.get("chat_template_kwargs") or {}
    text = processor.tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True, **variables)
    return processor.ids(text, processor.counts(**files), number)
