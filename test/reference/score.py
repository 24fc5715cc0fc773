"""Scores batches.json by rewards.py, each batch as a call of TRL under settings of its own, and one text as verl calls it."""

import importlib.util
import json
import sys

sys.path.insert(0, "handoff")
import rewards

for program in ("handoff/resume.py", "handoff/verl/to_parquet.py"):
    with open(program, encoding="utf8") as file:
        compile(file.read(), program, "exec")

spec = importlib.util.spec_from_file_location("verl_reward", "handoff/verl/reward.py")
verl = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verl)

FUNCTIONS = {name: getattr(rewards, name) for name in rewards.SCORES}
assert all(function.__name__ == name for name, function in FUNCTIONS.items())


def scores(batch):
    rewards._SETTINGS["studio"] = batch["settings"]
    cases = batch["cases"]
    texts = [case["text"] for case in cases]
    chats = [[{"role": "assistant", "content": text}] for text in texts]
    names = {name for case in cases for name in case["row"]}
    columns = {name: [case["row"].get(name) for case in cases] for name in names}
    columns |= {
        "solution": [case["label"] for case in cases],
        "completion_ids": [case["ids"] for case in cases],
        "prompts": texts,
        "trainer_state": None,
    }
    plain = {name: function(completions=texts, **columns) for name, function in FUNCTIONS.items()}
    if batch is batches[0]:
        assert plain == {name: function(completions=chats, **columns) for name, function in FUNCTIONS.items()}
    return plain


total = verl.compute_score("clips", "<think>a</think><answer>happy</answer>", "happy", {"index": 0})
with open("batches.json", encoding="utf8") as file:
    batches = json.load(file)
print(json.dumps({"scores": [scores(batch) for batch in batches], "verl": total}))
