"""Goes on with a run of Omni GRPO Studio by TRL.

    python resume.py --base PATH                                    one GPU
    accelerate launch --num_processes 8 resume.py --base PATH       several (DDP)

Weights, Adam's moments, learning rate and log come from the checkpoint. Under DeepSpeed or FSDP, or to measure the KL
from the adapter and not from the base model, give `--ref adapter`: then only the weights are taken over.
"""

import argparse
import dataclasses
import json
import os
from pathlib import Path

import transformers
from datasets import load_dataset
from peft import LoraConfig, PeftModel
from trl import GRPOConfig, GRPOTrainer

import rewards

HERE = Path(__file__).resolve().parent
SETTINGS = json.loads((HERE / "settings.json").read_text())


def config(output, adds):
    """GRPOConfig with the run's settings; the batch of a step stays what it was, however many GPUs share it."""
    gpus = int(os.environ.get("WORLD_SIZE", 1))
    prompts = SETTINGS["grpo"]["gradient_accumulation_steps"]
    if prompts % gpus:
        raise SystemExit(f"{prompts} prompts per step cannot be shared by {gpus} GPUs: use a divisor of {prompts}.")
    wanted = {**SETTINGS["grpo"], "gradient_accumulation_steps": prompts // gpus, "output_dir": output, **adds}
    known = {field.name for field in dataclasses.fields(GRPOConfig)}
    for name in sorted(set(wanted) - known):
        print(f"This version of TRL has no {name} (was {wanted[name]!r}).")
    return GRPOConfig(**{name: value for name, value in wanted.items() if name in known})


def load(base):
    """The class that config.json names where transformers has it, as for Qwen2-VL; else a causal language model."""
    name = (transformers.AutoConfig.from_pretrained(base).architectures or [""])[0]
    return getattr(transformers, name, transformers.AutoModelForCausalLM).from_pretrained(base)


def lora(folder):
    saved = json.loads((folder / "adapter_config.json").read_text())
    names = ("r", "lora_alpha", "lora_dropout", "bias", "target_modules", "task_type")
    return LoraConfig(**{name: saved[name] for name in names})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=SETTINGS["base_model"], help="folder or name of the base model")
    parser.add_argument("--checkpoint", type=Path, default=HERE / SETTINGS["checkpoint"])
    parser.add_argument("--ref", choices=("base", "adapter"), default="base", help="what the KL is measured from")
    parser.add_argument("--output", default="output")
    options = parser.parse_args()
    adds = {"shuffle_dataset": False, "disable_dropout": True, "logging_steps": 1, "log_completions": True}
    model, peft_config = options.base, lora(options.checkpoint)
    if options.ref == "adapter":
        model, peft_config = PeftModel.from_pretrained(load(options.base), options.checkpoint, is_trainable=True), None
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=[getattr(rewards, name) for name in SETTINGS["rewards"]],
        args=config(options.output, adds),
        train_dataset=load_dataset("json", data_files=str(HERE / "data" / "train.jsonl"), split="train"),
        peft_config=peft_config,
    )
    trainer.train(resume_from_checkpoint=str(options.checkpoint) if options.ref == "base" else None)


if __name__ == "__main__":
    main()
