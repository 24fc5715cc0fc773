"""Hands metrics-wandb.jsonl beside this file to wandb or trackio, under the run's own steps, names and settings.

python send_logs.py wandb     [--project NAME] [--name RUN]    (WANDB_MODE=offline keeps it on this machine, for wandb sync)
python send_logs.py trackio   [--project NAME] [--name RUN]    (then: trackio show --project NAME)
"""

import argparse
import json
import math
from pathlib import Path

HERE = Path(__file__).resolve().parent
OWN = ("_step", "_timestamp", "_runtime")


def history():
    """Each step's number, its time in seconds since 1970, and its metrics."""
    with (HERE / "metrics-wandb.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            # JSON has no NaN and no infinity: they are null.
            metrics = {key: math.nan if value is None else value for key, value in row.items() if key not in OWN}
            yield row["_step"], row["_timestamp"], metrics


def settings():
    """The run's settings, where the export's run.json lies beside this folder."""
    record = HERE.parent / "run.json"
    return json.loads(record.read_text(encoding="utf-8"))["config"] if record.exists() else {}


def run_name():
    return next((HERE / "tensorboard").iterdir()).name


def to_wandb(project, name):
    import wandb

    with wandb.init(project=project, name=name, config=settings()) as run:
        for step, timestamp, metrics in history():
            run.log({**metrics, "_timestamp": timestamp}, step=step)


def to_trackio(project, name):
    import trackio

    trackio.init(project=project, name=name, config=settings(), embed=False, auto_log_gpu=False, auto_log_cpu=False)
    for step, _, metrics in history():
        trackio.log(metrics, step=step)
    trackio.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("to", choices=("wandb", "trackio"))
    parser.add_argument("--project", default="omni-grpo-studio")
    parser.add_argument("--name", default=run_name())
    asked = parser.parse_args()
    (to_wandb if asked.to == "wandb" else to_trackio)(asked.project, asked.name)


if __name__ == "__main__":
    main()
