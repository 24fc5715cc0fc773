"""What rewards of any name score in a bundle, had as each launcher has them: by names of a module, and by rewards.py."""

import importlib
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, "handoff/verl")
sys.path.insert(0, "handoff")
os.environ["TEXT_ONLY"] = "1"
Path("text-part").mkdir()
TEXTS = ["3", "bbb"]
found = {}
for module in ("named_rewards", "text_only"):
    names = importlib.import_module(module)
    functions = [getattr(names, name) for name in json.loads(Path("names.json").read_text())]
    found[module] = {function.__name__: function(completions=TEXTS, solution=TEXTS) for function in functions}
rewards = importlib.import_module("rewards")
found["rewards"] = {name: function(completions=TEXTS, solution=TEXTS) for name, function in rewards.FUNCTIONS.items() if name in found["text_only"]}
found["by name"] = [getattr(rewards, name).__name__ for name in ("print", "class", "size")]
found["verl"] = importlib.import_module("reward").compute_score("", TEXTS[1], TEXTS[1])
print(json.dumps(found))
