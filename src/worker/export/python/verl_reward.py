"""verl's reward: the weighted sum of the studio's rewards, each also by its name."""

import json
import sys
from pathlib import Path

HANDOFF = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HANDOFF))
import rewards  # noqa: E402

SETTINGS = json.loads((HANDOFF / "settings.json").read_text())
NAMES = SETTINGS["rewards"]
WEIGHTS = SETTINGS["reward_weights"] or [1.0] * len(NAMES)


def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    # verl does not hand over tokens, so that a reward by length sees none.
    # Parquet gives lists back as arrays of numpy.
    row = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in (extra_info or {}).items()}
    about = rewards.About(ground_truth, row=row, first=row)
    scores = {name: rewards.SCORES[name](solution_str, about) for name in NAMES}
    total = sum(weight * (scores[name] or 0.0) for name, weight in zip(NAMES, WEIGHTS))
    return {"score": total, **{name: score or 0.0 for name, score in scores.items()}}
