"""Goes on with a run of Omni GRPO Studio by TRL.

    python resume.py --base PATH                               one process: a GPU, or CPUs where there is none
    torchrun --nproc_per_node 8 resume.py --base PATH          several (DDP)

TRL shows a model no video and no sound. Where the model's twin is in this bundle (humanomni/), it brings them along; any other model
of clips would train blind, which has to be asked for by --text-only.
Weights, Adam's moments, learning rate, log and the order of the clips come from the checkpoint. Under DeepSpeed or FSDP,
or to measure the KL from the adapter and not from the base model, give `--ref adapter`: then the weights are taken over and
the rate goes on, while Adam starts fresh. Numbers are float32 as in the studio; --bf16 has them computed in bfloat16.
"""

import argparse
import dataclasses
import json
import os
import re
from pathlib import Path

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel
from safetensors import safe_open
from trl import GRPOConfig, GRPOTrainer

import rewards
from base_model import load, model_folder, tokenizer_of

HERE = Path(__file__).resolve().parent
SETTINGS = json.loads((HERE / "settings.json").read_text())
# Where clips lie that came with the bundle.
CARRIED = HERE / "media"
BLIND = (
    "TRL shows a model no video and no sound: this run would go on with the text of its prompts alone, and unlearn to look. "
    "Take r1omni/ or verl/ (README.md), or give --text-only if that is meant."
)


def shared_batch(grpo, processes):
    """The batch of a step, as it was, shared by processes: whole groups where prompts divide, else rows of a group apart."""
    size, prompts = grpo["per_device_train_batch_size"], grpo["gradient_accumulation_steps"]
    rows = size * prompts
    if prompts % processes == 0:
        return {"per_device_train_batch_size": size, "gradient_accumulation_steps": prompts // processes}
    if rows % processes == 0:
        return {"per_device_train_batch_size": rows // processes, "gradient_accumulation_steps": 1}
    raise SystemExit(f"{rows} answers a step cannot be shared by {processes} processes: use a divisor of {rows}.")


def precision(bf16):
    """CPUs where nothing faster is there; float32 unless asked, since TRL's own default is to autocast to bfloat16."""
    if bf16 and torch.cuda.is_available() and not torch.cuda.is_bf16_supported():
        raise SystemExit("This GPU does not compute in bfloat16: leave --bf16 out.")
    return {"use_cpu": not torch.accelerator.is_available(), "bf16": bf16}


def config(options, steps):
    """GRPOConfig with the run's settings."""
    wanted = {
        **SETTINGS["grpo"],
        **shared_batch(SETTINGS["grpo"], int(os.environ.get("WORLD_SIZE", 1))),
        **precision(options.bf16),
        **{"max_steps": steps, "output_dir": options.output, "logging_steps": 1, "log_completions": True},
        # The clips come in the order in which the studio would have dealt them, from the first one that is due.
        **{"shuffle_dataset": False, "ignore_data_skip": True, "disable_dropout": True, "report_to": "none"},
    }
    known = {field.name for field in dataclasses.fields(GRPOConfig)}
    for name in sorted(set(wanted) - known):
        print(f"This version of TRL has no {name} (was {wanted[name]!r}).")
    return GRPOConfig(**{name: value for name, value in wanted.items() if name in known})


def lora(folder):
    saved = json.loads((folder / "adapter_config.json").read_text())
    names = ("r", "lora_alpha", "lora_dropout", "bias", "target_modules", "task_type")
    return LoraConfig(**{name: saved[name] for name in names})


def demand_adapter(model, folder):
    """The adapter's modules must be the model's: PEFT passes over names it does not know and would train a fresh one."""
    targets = json.loads((folder / "adapter_config.json").read_text())["target_modules"]
    with safe_open(folder / "adapter_model.safetensors", "pt") as file:
        saved = {name.removeprefix("base_model.model.").rsplit(".lora_", 1)[0] for name in file.keys()}
    wanted = {name for name, _ in model.named_modules() if re.fullmatch(targets, name)}
    if saved != wanted:
        raise SystemExit(f"{folder.name} is no adapter of this base model: only one of the two has {min(saved ^ wanted)}. Check --base.")


class GoesOn(GRPOTrainer):
    """Its learning rate goes on after `done` steps, though its own count begins at 0; its prompts may be rows of ids."""

    done = 0
    # Rows of ids with places for media, by their number; None for a model that is shown none.
    prompt_ids = None

    def _tokenize_prompts(self, prompts):
        if self.prompt_ids is None:
            return super()._tokenize_prompts(prompts)
        return [self.prompt_ids[prompt[-1]["row"]] for prompt in prompts], None, {}

    def create_scheduler(self, num_training_steps, optimizer=None):
        scheduler = super().create_scheduler(num_training_steps + self.done, optimizer)
        scheduler.lr_lambdas = [lambda step, rate=rate: rate(step + self.done) for rate in scheduler.lr_lambdas]
        scheduler._last_lr = [base * rate(0) for base, rate in zip(scheduler.base_lrs, scheduler.lr_lambdas)]
        for group, rate in zip(scheduler.optimizer.param_groups, scheduler._last_lr):
            group["lr"] = rate
        return scheduler


def steps_due(options, done):
    """Optimizer steps to take. A run that is finished takes none unless more are asked for."""
    due = options.steps or max(0, SETTINGS["grpo"]["max_steps"] - done)
    if due == 0:
        raise SystemExit(f"The run is finished: all of its {done} steps are taken. Give --steps N to take N more.")
    return due


def is_shown(options):
    """Whether the model sees and hears here."""
    return SETTINGS["twin"] is not None and not options.text_only


def with_clips(options, rows):
    """The twin with the clips of these rows, its tokenizer, the rows by their number, and the ids of each."""
    from humanomni.training_humanomni import KINDS, ShownClips, media_of, row_ids
    from self_test import check, open_twin

    twin, processor = open_twin(options.base)
    check(twin, processor, options.checkpoint, options.clips)
    clips = ShownClips(twin.model, processor, Path(options.output) / "media-tokens")
    twin.model.clips = clips
    ids = []
    for row in rows:
        files = media_of(row, options.clips)
        ids.append(row_ids(processor, row, files, clips.number(row.get("question_ids") or [], files) if files else 0))
    # TRL would take a column `image` for something that it has to show.
    shown = [{key: value for key, value in row.items() if key not in KINDS[1:]} for row in rows]
    numbered = [{**row, "prompt": [*row["prompt"][:-1], {**row["prompt"][-1], "row": number}]} for number, row in enumerate(shown)]
    return twin, processor.tokenizer, numbered, ids


def build(options):
    """The trainer, and what it resumes from."""
    done = json.loads((options.checkpoint / "trainer_state.json").read_text())["global_step"]
    due = steps_due(options, done)
    rows = [json.loads(line) for line in (HERE / "data" / "next.jsonl").read_text().splitlines()]
    if is_shown(options):
        model, tokenizer, rows, ids = with_clips(options, rows)
    else:
        base = model_folder(options.base)
        model, tokenizer, ids = load(base), tokenizer_of(base), None
    resumes = options.ref == "base"
    demand_adapter(model, options.checkpoint)
    if not resumes:
        model = PeftModel.from_pretrained(model, options.checkpoint, is_trainable=True)
    trainer = GoesOn(
        model=model,
        reward_funcs=[rewards.FUNCTIONS[name] for name in SETTINGS["rewards"]],
        args=config(options, done + due if resumes else due),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora(options.checkpoint) if resumes else None,
    )
    trainer.done, trainer.prompt_ids = 0 if resumes else done, ids
    return trainer, str(options.checkpoint) if resumes else None


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=SETTINGS["base_model"], help="folder or name of the base model")
    parser.add_argument("--checkpoint", type=Path, default=HERE / SETTINGS["checkpoint"])
    parser.add_argument("--ref", choices=("base", "adapter"), default="base", help="what the KL is measured from")
    parser.add_argument("--steps", type=int, help="optimizer steps to take; default: those that the run still has")
    parser.add_argument("--clips", default=os.environ.get("CLIPS", CARRIED if CARRIED.is_dir() else HERE), help="folder of the clips")
    parser.add_argument("--text-only", action="store_true", help="go on without video and sound")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument("--output", default="output")
    options = parser.parse_args(arguments)
    if options.steps is not None and options.steps < 1:
        parser.error(f"--steps is {options.steps}; expected 1 or more")
    if SETTINGS["blind"] and not options.text_only and not is_shown(options):
        raise SystemExit(BLIND)
    return options


def main():
    options = parse()
    trainer, resume_from = build(options)
    trainer.train(resume_from_checkpoint=resume_from)
    trainer.save_model(options.output)


if __name__ == "__main__":
    main()
