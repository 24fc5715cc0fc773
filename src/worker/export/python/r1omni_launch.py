"""Starts R1-Omni's trainer (github.com/HumanMLLM/R1-Omni) from the weights and the data beside this file.

    python r1omni/launch.py --repo PATH --siglip PATH --whisper PATH --bert PATH --processor PATH [--clips PATH] [--gpus N]

That trainer reads the data, the towers and its own class from paths and names in its source, whatever its command says, and
asks one question of all rows: here each row asks its own, as the data have it. This copies the source to r1omni/source, sets them there, and runs torchrun; the clone stays as it is.
A place that is not found as it stood at commit 17cafca ends it with the place's name. Install what the clone's
src/r1-v/setup.py pins (trl 0.14, a transformers of January 2025), and qwen_vl_utils, moviepy and flash-attn.
`--prepare` ends before torchrun and prints its command.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SETTINGS = json.loads((HERE.parent / "settings.json").read_text())
HEARS = SETTINGS["family"] == "HumanOmni"
SOURCE = HERE / "source"
CARRIED = HERE.parent / "media"
SCRIPT = "src/r1-v/src/open_r1/grpo.py"
TRAINER = "src/r1-v/src/open_r1/trainer/humanOmni_grpo_trainer.py"
QUESTION = "As an emotional recognition expert; throughout the video, which emotion conveyed by the characters is the most obvious to you?"
# As it stands in the source, with a backslash and an n.
TEMPLATE = r"{Question}\nOutput the thinking process in <think> </think> and final emotion in <answer> </answer> tags."
OWN_PROBLEM = r'conversation["value"].replace("<video>\n<audio>\n", "")'


def ending(name):
    """A path in quotes that ends with this name: the source has those of its authors' machine."""
    return rf"""(["'])/[^"'\n]*/{re.escape(name)}\1"""


def edits(options, data):
    """(file, what stands there, what is to stand there)"""
    always = [
        (SCRIPT, '"Path_to_MAFW_DFEW\\.json"', repr(str(data))),
        (SCRIPT, f'(?<=problem = )"{re.escape(QUESTION)}"', OWN_PROBLEM),
        (SCRIPT, f'(?<=QUESTION_TEMPLATE = )"{re.escape(TEMPLATE)}"', '"{Question}"'),
    ]
    if not HEARS:
        return always + [(SCRIPT, "(?<=trainer_cls = )HumanOmniVLGRPOTrainer", "Qwen2VLGRPOTrainer")]
    bert = (ending("bert-base-uncased"), repr(options.bert))
    return always + [
        (TRAINER, ending("siglip-base-patch16-224"), repr(options.siglip)),
        (TRAINER, ending("whisper-large-v3"), repr(options.whisper)),
        (TRAINER, *bert),
        ("humanomni/model/humanomni_arch.py", *bert),
        (TRAINER, ending("Qwen2-VL-2B-Instruct"), repr(options.processor)),
    ]


def copy_source(repo):
    shutil.rmtree(SOURCE, ignore_errors=True)
    for folder in ("humanomni", "src/r1-v"):
        if not (repo / folder).is_dir():
            raise SystemExit(f"--repo {repo}: there is no folder {folder}. Expected a clone of R1-Omni.")
        shutil.copytree(repo / folder, SOURCE / folder, ignore=shutil.ignore_patterns("outputs", "logs", "__pycache__"))


def edit(changes):
    for name, old, new in changes:
        path = SOURCE / name
        text, count = re.subn(old, lambda _: new, path.read_text(encoding="utf-8"))
        if count == 0:
            raise SystemExit(f"{name} has no {old}: this clone is not the one that was read (commit 17cafca). Set it by hand to {new}.")
        path.write_text(text, encoding="utf-8")


def write_data(clips):
    """The rows with the clips' full paths."""
    rows = json.loads((HERE / "train.json").read_text(encoding="utf-8"))
    rows = [{**row, "video": str(clips / row["video"])} for row in rows]
    missing = sorted({row["video"] for row in rows if not Path(row["video"]).exists()})
    if missing:
        raise SystemExit(f"{len(missing)} clips are not in {clips}, {missing[0]} among them. Give --clips, the data's folder.")
    data = HERE / "train.paths.json"
    data.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return data


def weights():
    """Where towers lie in folders of their own, the language model's is one deeper."""
    return HERE / "model" if (HERE / "model" / "config.json").exists() else HERE


def training_arguments(gpus):
    grpo = SETTINGS["grpo"]
    prompts = grpo["gradient_accumulation_steps"]
    if prompts % gpus:
        raise SystemExit(f"{prompts} prompts a step cannot be shared by {gpus} GPUs: it takes one prompt each, so use a divisor of {prompts}.")
    names = ["learning_rate", "num_generations", "max_completion_length", "beta", "lr_scheduler_type", "warmup_steps", "save_steps"]
    names += ["adam_beta1", "adam_beta2", "adam_epsilon", "weight_decay", "max_grad_norm", "seed"]
    wanted = {name: grpo[name] for name in names}
    wanted.update(max_steps=SETTINGS["steps_left"], gradient_accumulation_steps=prompts // gpus, per_device_train_batch_size=1)
    wanted.update(logging_steps=1, bf16="true", report_to="none", deepspeed="local_scripts/zero3.json", max_prompt_length=512)
    wanted.update(attn_implementation="flash_attention_2", gradient_checkpointing="false", max_pixels=401408)
    return [f"--{name}={value}" for name, value in wanted.items()]


def unlike():
    """What of the run this trainer does otherwise; on stderr."""
    theirs = {"accuracy", "format"}
    if set(SETTINGS["rewards"]) != theirs or SETTINGS["reward_weights"]:
        print("It rewards accuracy and format, one point each, and nothing else.", file=sys.stderr)
    print("Its loss is that of GRPO with groups scaled, its temperature 1, one pass a batch; every weight trains, in bfloat16.", file=sys.stderr)


def folder(path):
    return str(Path(path).resolve())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repo", type=Path, required=True, help="a clone of R1-Omni")
    for name in ("siglip", "whisper", "bert") if HEARS else ():
        there = HERE / name
        parser.add_argument(f"--{name}", type=folder, required=not there.is_dir(), default=str(there), help=f"folder of {name}")
    if HEARS:
        parser.add_argument("--processor", type=folder, required=True, help="folder of Qwen2-VL-2B-Instruct, for its processor")
    parser.add_argument("--clips", type=Path, default=CARRIED if CARRIED.is_dir() else HERE.parent, help="the data's folder")
    parser.add_argument("--gpus", type=int, default=1)
    parser.add_argument("--output", default="output")
    parser.add_argument("--prepare", action="store_true", help="copy and set, but do not start")
    options = parser.parse_args()
    data = write_data(options.clips.resolve())
    arguments = training_arguments(options.gpus)
    copy_source(options.repo.resolve())
    edit(edits(options, data))
    run = ["torchrun", f"--nproc_per_node={options.gpus}", "src/open_r1/grpo.py", f"--output_dir={folder(options.output)}"]
    run += [f"--model_name_or_path={weights()}", f"--dataset_name={data}", *arguments]
    work = SOURCE / "src" / "r1-v"
    paths = [str(SOURCE), str(work), str(work / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    unlike()
    if options.prepare:
        print(f"cd {shlex.quote(str(work))} && PYTHONPATH={shlex.quote(os.pathsep.join(paths))} {shlex.join(run)}")
        return
    os.chdir(work)
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.execvp(run[0], run)


if __name__ == "__main__":
    main()
