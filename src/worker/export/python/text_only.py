"""The rewards for `trl grpo`, which shows a model no video and no sound: to be had only by who says that this is meant."""

import os
import sys
from pathlib import Path

import rewards

if os.environ.get("TEXT_ONLY") != "1":
    raise SystemExit(
        "trl grpo shows a model no video and no sound: it would train on the text of the prompts alone. "
        "Take r1omni/ or verl/ (README.md), or set TEXT_ONLY=1 if that is meant."
    )
if not Path("text-part").is_dir() and not any(word.startswith("--model_name_or_path") for word in sys.argv):
    raise SystemExit(
        "There is no folder text-part, which grpo.yaml names: python base_model.py --base PATH --text-part text-part writes it. "
        "Another model is named by --model_name_or_path PATH."
    )
# Last, since a reward may have any name: `os`, `print`, `class`.
globals().update(rewards.FUNCTIONS)
