"""Calls the models of a bundle's rewards.py as TRL does, on batches of given.json; prints what each scores."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
import rewards

given = json.loads(Path("given.json").read_text())
completions = [[{"role": "assistant", "content": text}] for text in given["completions"]]
columns = {"prompts": given["prompts"], "completion_ids": [[1]] * len(completions), "solution": given["labels"]}
scores = {name: rewards.FUNCTIONS[name](completions=completions, **columns) for name in given["names"]}
print(json.dumps(scores))
