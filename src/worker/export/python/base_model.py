"""The base model as transformers loads it; of a HumanOmni that is its text part, a plain Qwen2.

    python base_model.py --base PATH --text-part DIR       writes the text part, for trainers that take a plain Qwen2 only
"""

import argparse
import json
from pathlib import Path

import torch
import transformers

HERE = Path(__file__).resolve().parent
SETTINGS = json.loads((HERE / "settings.json").read_text())
# What of a config says which class it is of.
NOT_PLAIN = ("model_type", "architectures", "auto_map", "transformers_version", "dtype", "torch_dtype")


def model_folder(base):
    """The folder with the language model, where towers lie in folders beside it."""
    path = Path(base)
    return str(path / "model") if not (path / "config.json").exists() and (path / "model/config.json").exists() else base


def load(base):
    """The class that config.json names where transformers has it, as for Qwen2-VL; of a HumanOmni its text part, a plain Qwen2."""
    values, _ = transformers.PretrainedConfig.get_config_dict(base)
    name = (values.get("architectures") or [""])[0]
    if hasattr(transformers, name):
        return getattr(transformers, name).from_pretrained(base, dtype=torch.float32)
    text = {key: value for key, value in values.items() if key not in NOT_PLAIN}
    return transformers.Qwen2ForCausalLM.from_pretrained(base, config=transformers.Qwen2Config(**text), dtype=torch.float32)


def text_part(model):
    """The language model as the plain Qwen2 that it is where no picture is shown: text has one position on all axes of M-RoPE."""
    if isinstance(model, transformers.Qwen2ForCausalLM):
        return model
    text = model.config.get_text_config()
    rope = getattr(text, "rope_parameters", None) or {}
    values = {key: value for key, value in text.to_dict().items() if not key.startswith("rope_") and key not in NOT_PLAIN}
    values.update(rope_theta=rope.get("rope_theta") or text.rope_theta, tie_word_embeddings=model.config.tie_word_embeddings)
    plain = transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**values))
    plain.model.load_state_dict(model.model.language_model.state_dict())
    plain.lm_head.load_state_dict(model.lm_head.state_dict())
    return plain


def tokenizer_of(base):
    """The base's tokenizer with the chat template that the run's prompts were made by."""
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(base, padding_side="left")
    except (KeyError, ValueError):  # a config of a type that transformers does not know
        tokenizer = transformers.Qwen2Tokenizer.from_pretrained(base, padding_side="left")
    tokenizer.chat_template = SETTINGS["chat_template"]
    return tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=SETTINGS["base_model"], help="folder or name of the base model")
    parser.add_argument("--text-part", required=True, help="folder to write")
    options = parser.parse_args()
    base = model_folder(options.base)
    text_part(load(base)).save_pretrained(options.text_part)
    tokenizer_of(base).save_pretrained(options.text_part)


if __name__ == "__main__":
    main()
