"""The files of a checkpoint: everything in one folder, as R1-Omni is published, or towers in folders of their own."""

import json
import re
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file
from transformers import GenerationConfig

from .configuration_humanomni import HumanOmniQwen2Config

# Of each tower: the model types of its own folder, its names in the main file, and how those begin in a file of its own.
TOWERS = {
    "vision": (("siglip", "siglip_vision_model"), "model.vision_tower.vision_tower.vision_model.", r"vision_model\."),
    "audio": (("whisper",), "model.audio_tower.audio_tower.encoder.", r"(?:model\.)?encoder\."),
    "bert": (("bert",), "model.bert_model.", r"(?:bert\.)?(?=embeddings\.|encoder\.)"),
}
# The norms' names in old files of BERT.
OLDER = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}


def read_config(folder):
    """config.json of a folder, or None."""
    path = Path(folder) / "config.json"
    return json.loads(path.read_text()) if path.is_file() else None


def is_human_omni(values):
    return str((values or {}).get("model_type", "")).startswith("HumanOmni")


def main_folder(folder):
    """The folder with the language model: this one, or the first below it that is one."""
    folder = Path(folder)
    for candidate in (folder, *sorted(folder.glob("*/"))):
        if is_human_omni(read_config(candidate)):
            return candidate
    raise ValueError(f"{folder}: found no config.json of a HumanOmni, here or one folder below; expected a model_type that begins with HumanOmni.")


def tower_folders(folder, kinds):
    """Folders right below `folder` that hold one of these towers, with their configs, by kind."""
    found = {}
    for candidate in sorted(Path(folder).glob("*/")):
        values = read_config(candidate) or {}
        for kind in kinds:
            if values.get("model_type") in TOWERS[kind][0]:
                found.setdefault(kind, (candidate, values))
    return found


def weight_files(folder):
    return sorted(Path(folder).glob("*.safetensors"))


def names_in(folder):
    names = set()
    for path in weight_files(folder):
        with safe_open(path, "pt") as file:
            names.update(file.keys())
    return names


def tower_weights(folder, kind):
    """The tower's tensors of a folder of its own, by their names in a file that holds everything."""
    _, prefix, own = TOWERS[kind]
    tensors = {}
    for path in weight_files(folder):
        for name, tensor in load_file(path).items():
            if begins := re.match(own, name):
                rest = name[begins.end() :]
                for older, newer in OLDER.items():
                    rest = rest.replace(older, newer)
                tensors[prefix + rest] = tensor
    return tensors


def open_config(folder, config=None):
    """The config with those of the towers, the folders of towers that lie apart by kind, and the kinds that the main weights do not hold."""
    main = main_folder(folder)
    values, names = read_config(main), names_in(main)
    kinds = [kind for kind in TOWERS if kind != "audio" or values.get("mm_audio_tower") is not None]
    missing = [kind for kind in kinds if not any(name.startswith(TOWERS[kind][1]) for name in names)]
    apart = tower_folders(folder, kinds)
    if lost := set(missing) - set(apart):
        apart = {**tower_folders(main.parent, lost), **apart}
    for kind in missing:
        if kind not in apart:
            types, prefix, _ = TOWERS[kind]
            raise ValueError(f"{main}: no {kind} tower: the weights hold no {prefix}…, and no folder of model_type {types[-1]} lies below or beside.")
    for kind, (_, own) in apart.items():
        values[f"{kind}_config"] = own
    config = HumanOmniQwen2Config.from_dict(values) if config is None else config
    return config, {kind: tower for kind, (tower, _) in apart.items()}, missing


def open_checkpoint(folder, config=None):
    """The main folder, the config, all tensors where towers lie apart (else None), and how to generate (or None)."""
    main = main_folder(folder)
    config, apart, missing = open_config(folder, config)
    generation = GenerationConfig.from_pretrained(main) if (main / "generation_config.json").is_file() else None
    if not missing:
        return str(main), config, None, generation
    state = {}
    for kind in missing:
        state |= tower_weights(apart[kind], kind)
    for path in weight_files(main):
        state |= load_file(path)
    return str(main), config, state, generation
