"""The rewards for `trl grpo`, which shows a model no video and no sound: to be had only by who says that this is meant."""

import os

from rewards import *  # noqa: F403

if os.environ.get("TEXT_ONLY") != "1":
    raise SystemExit(
        "trl grpo shows a model no video and no sound: it would train on the text of the prompts alone. "
        "Take r1omni/ or verl/ (README.md), or set TEXT_ONLY=1 if that is meant."
    )
