"""Loads what the studio exported with transformers and PEFT, goes on with its bundles by TRL, and writes found.json for the test.

Runs in a folder with cases.json (names of the cases, in numbered folders: base, adapter, merged, some with handoff),
moments.safetensors (Adam's moments as the studio had them), folders made-N (whole models) and question.json (what to ask them), twin (see check_twin.py).
"""

import contextlib
import importlib
import json
import os
import shutil
import sys
import warnings
from pathlib import Path

import torch
import transformers
from peft import PeftModel
from safetensors.torch import load_file, save_file
from check_twin import check_twin
from transformers import TrainerCallback

ROOT = Path.cwd()
CASES = json.loads(Path("cases.json").read_text())
QWEN2_VL, HUMAN_OMNI = ROOT / "1", ROOT / "0"
BUNDLED = ("resume", "rewards", "base_model", "self_test", "text_only", "named_rewards", "to_parquet")
transformers.logging.set_verbosity_warning()


@contextlib.contextmanager
def bundle(folder):
    """The bundle's own modules, from its folder."""
    for name in BUNDLED:
        sys.modules.pop(name, None)
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(folder))
        os.chdir(ROOT)


def open_model(folder):
    """The model, and the names in which file and class differ; of a HumanOmni its text part."""
    values = json.loads((folder / "config.json").read_text())
    if values["model_type"] != "HumanOmni_qwen2":
        cls = getattr(transformers, values["architectures"][0])
        return cls.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    text = {key: value for key, value in values.items() if key not in ("model_type", "architectures")}
    options = {"config": transformers.Qwen2Config(**text), "dtype": torch.float32, "output_loading_info": True}
    model, info = transformers.Qwen2ForCausalLM.from_pretrained(folder, **options)
    # What a HumanOmni has beside its text part.
    beside = ("model.mm_", "model.bert_", "model.vision_", "model.audio_", "model.face_", "model.body_")
    info["unexpected_keys"] = [name for name in info["unexpected_keys"] if not name.startswith(beside)]
    return model, info


def difference(a, b):
    return float((a - b).abs().max())


def check_loading(folder):
    ids = torch.arange(20, 60).reshape(2, 20)
    base_folder, merged_folder = (
        inner if (inner := folder / kind / "model").is_dir() else folder / kind for kind in ("base", "merged")
    )
    with torch.no_grad(), warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        base, info = open_model(base_folder)
        bare = base(input_ids=ids).logits
        adapted = PeftModel.from_pretrained(base, folder / "adapter")(input_ids=ids).logits
        merged, merged_info = open_model(merged_folder)
        logits = merged(input_ids=ids).logits
    return {
        "missing": sorted(info["missing_keys"]) + sorted(merged_info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]) + sorted(merged_info["unexpected_keys"]),
        "warnings": [str(each.message) for each in seen if "adapter" in str(each.message)],
        "merged": difference(logits, adapted),
        "adapted": difference(adapted, bare),
    }


class Watch(TrainerCallback):
    """What a trainer has when it begins, and the rate of each of its steps."""

    def __init__(self):
        self.step, self.moments, self.rates, self.steps = None, {}, [], []

    def on_train_begin(self, args, state, control, model=None, optimizer=None, **_):
        self.step = state.global_step
        plain = getattr(optimizer, "optimizer", optimizer)
        self.moments = {
            name: {key: value.clone() for key, value in plain.state[parameter].items()}
            for name, parameter in model.named_parameters()
            if parameter in plain.state
        }

    def on_step_begin(self, args, state, control, optimizer=None, **_):
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_step_end(self, args, state, control, **_):
        self.steps.append(state.global_step)


def studio_name(name):
    return name.replace("base_model.model.model.language_model.", "model.").replace(".default", "")


def take(resume, *arguments, moments=None, told=("--text-only",)):
    """Goes on as resume.py's own main does, and tells what was taken over."""
    said = []
    options = resume.parse([*told, *arguments])
    trainer, resume_from = resume.build(options)
    watch, videos = Watch(), []
    trainer.add_callback(watch)
    first = trainer.reward_funcs[0]

    def seeing(**values):
        videos.extend(values.get("video", [])[:: resume.SETTINGS["grpo"]["num_generations"]])
        return first(**values)

    trainer.reward_funcs[0] = seeing
    logger = transformers.trainer_utils.logger
    warn_once, logger.warning_once = logger.warning_once, said.append
    try:
        trainer.train(resume_from_checkpoint=resume_from)
    finally:
        logger.warning_once = warn_once
    worst = 0.0
    for name, state in watch.moments.items() if moments else ():
        for key, part in (("exp_avg", "first"), ("exp_avg_sq", "second")):
            worst = max(worst, difference(state[key].flatten(), moments[f"{studio_name(name)}.{part}"]))
    return {
        "step": watch.step,
        "rates": watch.rates,
        "steps": watch.steps,
        "worst": worst,
        "moments": len(watch.moments),
        "videos": videos,
        "warnings": said,
        "bf16": trainer.args.bf16,
        "log": [entry for entry in trainer.state.log_history if entry["step"] > (watch.step or 0) and "reward" in entry],
    }


def refusal(call, *arguments):
    try:
        call(*arguments)
    except SystemExit as stopped:
        return str(stopped)
    return "went on"


def check_yaml(settings):
    from trl.scripts.grpo import make_parser

    script, training, model, _ = make_parser().parse_args_and_config(["--config", "grpo.yaml"])
    values = {**vars(training), "num_generations": training.num_generations}
    taken = {key: getattr(values[key], "value", values[key]) for key in settings}
    return {key: {"wanted": settings[key], "taken": taken[key]} for key in settings}, model.lora_target_modules


def check_text_part(base_model, folder):
    """Writes it where grpo.yaml looks for it; its logits on text against the whole model's."""
    base = str(folder / "base")
    sys.argv = ["base_model.py", "--base", base, "--text-part", "text-part"]
    base_model.main()
    ids = torch.arange(20, 60).reshape(2, 20)
    with torch.no_grad():
        whole = base_model.load(base_model.model_folder(base))(input_ids=ids).logits
        return difference(base_model.load("text-part")(input_ids=ids).logits, whole)


def check_positions(folder):
    """Where this release puts three tokens of text behind a video of 3 by 2 by 2 tokens, two seconds a slice, and the video's slices."""
    model, _ = open_model(folder)
    kinds = torch.tensor([[0] + 12 * [2] + 3 * [0]])
    grid = torch.tensor([[3, 4, 4]])
    positions, _ = model.model.get_rope_index(kinds, kinds, video_grid_thw=grid, second_per_grid_ts=torch.tensor([2.0]))
    return {"perSecond": model.config.vision_config.tokens_per_second, "positions": positions[:, 0].T.flatten().tolist()}


def check_qwen2_vl(found):
    moments = load_file(ROOT / "moments.safetensors")
    with bundle(QWEN2_VL / "handoff") as load:
        resume = load("resume")
        base = ["--base", str(QWEN2_VL / "base")]
        found["resumed"] = take(resume, *base, moments=moments)
        found["fromAdapter"] = take(resume, *base, "--ref", "adapter")
        grpo = resume.SETTINGS["grpo"]
        found["shared"] = {count: list(resume.shared_batch(grpo, count).values()) for count in (1, 2, 3, 6)}
        found["refusals"] = {
            "blind": refusal(resume.parse, base),
            "blind yaml": refusal(load, "text_only"),
            "another base": refusal(resume.build, resume.parse(["--text-only", "--base", str(HUMAN_OMNI / "handoff/text-part")])),
            "processes": refusal(resume.shared_batch, grpo, 4),
        }
        found["yaml"], found["targets"] = check_yaml(grpo)
        os.environ["TEXT_ONLY"] = "1"
        found["refusals"]["no text part"] = refusal(load, "text_only")
        found["textPart"] = check_text_part(load("base_model"), QWEN2_VL)
        grpo["max_steps"] = 3
        found["refusals"]["finished"] = refusal(resume.build, resume.parse(["--text-only", *base]))


def check_verl(found):
    """Its rows as they reach its loader, which puts each `videos` entry where the prompt says <video>."""
    from datasets import Dataset

    with bundle(QWEN2_VL / "handoff" / "verl") as load:
        convert = load("to_parquet")
        found["refusals"]["no clips"] = refusal(convert.main).replace(str(QWEN2_VL / "handoff"), "HERE")
        convert.CLIPS = ROOT / "clips"
        convert.CLIPS.mkdir()
        for line in Path("train.jsonl").read_text().splitlines():
            (convert.CLIPS / json.loads(line)["videos"][0]["video"]).touch()
        convert.main()
        rows = Dataset.from_parquet("train.parquet")
        found["verl"] = [[row["prompt"][0]["content"].count("<video>"), *row["videos"][0]] for row in rows]
        found["verlClips"] = sorted({Path(row["videos"][0]["video"]).relative_to(ROOT).as_posix() for row in rows})


def check_human_omni(found):
    """Its text part is also a base that the other run's adapter does not fit. `trl grpo` is this function behind a launcher."""
    from trl.scripts.grpo import main, make_parser

    with bundle(HUMAN_OMNI / "handoff") as load:
        found["humanOmni"] = take(load("resume"), "--base", str(HUMAN_OMNI / "base"), "--steps", "2")
        found["humanOmniTextPart"] = check_text_part(load("base_model"), HUMAN_OMNI)
        os.environ["TEXT_ONLY"] = "1"
        main(*make_parser().parse_args_and_config(["--config", "grpo.yaml", "--max_steps", "1"]))
        found["humanOmniStarted"] = json.loads(Path("output/checkpoint-1/trainer_state.json").read_text())["global_step"]
        del os.environ["TEXT_ONLY"]


def check_text(found):
    """A language model is blind to nothing: nothing has to be told. Its rewards are programs, beside one of the studio's."""
    from trl.scripts.grpo import main, make_parser

    folder = ROOT / str(CASES.index("Qwen3, a language model"))
    with bundle(folder / "handoff") as load:
        found["text"] = take(load("resume"), "--base", str(folder / "base"), told=())
        found["text"]["answers"] = logged_answers("output")
        fresh = ["--model_name_or_path", str(folder / "base"), "--max_steps", "1", "--output_dir", "fresh"]
        main(*make_parser().parse_args_and_config(["--config", "grpo.yaml", *fresh]))
        found["freshAnswers"] = logged_answers("fresh")


def logged_answers(output):
    """The rows of the table of completions that TRL writes at each step; null where a reward did not apply."""
    from datasets import Dataset

    files = sorted(Path(output, "completions").glob("*.parquet"))
    return [
        {key: None if value != value else value for key, value in row.items()} for file in files for row in Dataset.from_parquet(str(file))
    ]


def check_shown(found):
    """A HumanOmni that sees and hears: compared with the studio, then trained; and what stops it where it is not the studio's."""
    with bundle(ROOT / "shown" / "handoff") as load:
        resume, self_test = load("resume"), load("self_test")
        base = ["--base", str(ROOT / "shown" / "base")]
        options = resume.parse(base)
        found["selfTest"] = self_test.check(*self_test.open_twin(options.base), options.checkpoint, options.clips)
        found["shown"] = take(resume, *base, told=())
        found["shownRefusals"] = refused_numbers(resume, self_test, options)


def refused_numbers(resume, self_test, options):
    """What the self-test says of other clips under the same names, of other log-probabilities, of another prompt."""
    path, said = Path("self_test.safetensors"), {}
    given = path.read_bytes()
    shutil.copytree("media", "other")
    for name in ("{}", "{}.wav"):
        Path("other/clips", name.format(0)).rename(Path("other/clips", name.format(3)))
        Path("other/clips", name.format(1)).rename(Path("other/clips", name.format(0)))
        Path("other/clips", name.format(3)).rename(Path("other/clips", name.format(1)))
    said["clips"] = refusal(self_test.check, *self_test.open_twin(options.base), options.checkpoint, "other")
    for name, change in {"logps": lambda values: values - 1, "prompt": lambda values: values + 1}.items():
        numbers = load_file(path)
        numbers[f"0.{name}"] = change(numbers[f"0.{name}"])
        save_file(numbers, path)
        said[name] = refusal(self_test.check, *self_test.open_twin(options.base), options.checkpoint, options.clips)
        path.write_bytes(given)
    return said


def check_made(folder):
    """The ids of the question in the chat template, the logits behind it, and the names in which file and class differ."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    options = {"dtype": torch.float32, "output_loading_info": True}
    model, info = transformers.AutoModelForCausalLM.from_pretrained(folder, **options)
    messages = [{"role": "user", "content": json.loads((ROOT / "question.json").read_text())}]
    ids = tokenizer(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))["input_ids"]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids])).logits[0, -1].tolist()
    differing = sorted(name for keys in ("missing_keys", "unexpected_keys", "mismatched_keys") for name in info[keys])
    return {"ids": ids, "logits": logits, "differing": differing}


found = {"loaded": {name: check_loading(ROOT / str(index)) for index, name in enumerate(CASES)}}
found["twin"] = check_twin(json.loads((ROOT / "twin" / "given.json").read_text()), ROOT / "twin")
check_human_omni(found)
check_qwen2_vl(found)
check_verl(found)
check_text(found)
check_shown(found)
found["made"] = [check_made(folder) for folder in sorted(ROOT.glob("made-*"))]
found["positions"] = check_positions(ROOT / str(CASES.index("Qwen2.5-VL, published names")) / "base")
(ROOT / "found.json").write_text(json.dumps(found))
