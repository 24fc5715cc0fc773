"""Has r1omni/launch.py set up a clone of R1-Omni's trainer, of which the lines that it changes are here, and prints what came of it."""

import json
import subprocess
import sys
from pathlib import Path

HERE = "/theirs/R1-V"
FILES = {
    "src/r1-v/src/open_r1/grpo.py": [
        'json_file_path = "Path_to_MAFW_DFEW.json"',
        'problem = "As an emotional recognition expert; throughout the video, which emotion conveyed by the characters is the most obvious to you?"',
        r'QUESTION_TEMPLATE = "{Question}\nOutput the thinking process in <think> </think> and final emotion in <answer> </answer> tags."',
        "trainer_cls = HumanOmniVLGRPOTrainer",
    ],
    "src/r1-v/src/open_r1/trainer/humanOmni_grpo_trainer.py": [
        f"vision = '{HERE}/google/siglip-base-patch16-224'",
        f"audio = '{HERE}/whisper-large-v3'",
        f'bert = "{HERE}/bert-base-uncased"',
        f'processor = "{HERE}/Qwen2-VL-2B-Instruct"',
    ],
    "humanomni/model/humanomni_arch.py": [f'bert_model = "{HERE}/bert-base-uncased"', 'other = "bert-base-uncased"'],
}
SETTINGS = json.loads(Path("settings.json").read_text())


def write(change):
    for name, lines in FILES.items():
        path = Path("clone") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change("\n".join(lines)))


def launch(family, *arguments):
    Path("handoff/settings.json").write_text(json.dumps({**SETTINGS, "family": family}))
    command = [sys.executable, "handoff/r1omni/launch.py", "--repo", "clone", "--prepare", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    source = Path("handoff/r1omni/source")
    texts = {name: (source / name).read_text().splitlines() for name in FILES if (source / name).exists()}
    return {"status": done.returncode, "out": done.stdout, "said": done.stderr.strip().splitlines()[-1], "texts": texts}


towers = [word for name in ("siglip", "whisper", "bert", "processor") for word in (f"--{name}", f"/{name}")]
clips = ["--clips", "clips"]
write(lambda text: text)
results = {
    "HumanOmni": launch("HumanOmni", *towers, *clips, "--gpus", "2"),
    "Qwen2-VL": launch("Qwen2-VL", *clips),
    "no clips": launch("Qwen2-VL"),
    "three": launch("Qwen2-VL", *clips, "--gpus", "3"),
}
write(lambda text: text.replace("trainer_cls = HumanOmni", "trainer_cls = Other"))
results["another"] = launch("Qwen2-VL", *clips)
print(json.dumps(results).replace(json.dumps(str(Path.cwd()))[1:-1], "ROOT"))
