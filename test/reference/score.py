"""Scores cases.json by rewards.py, as TRL calls it and as verl calls it, and compiles the other programs."""

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

with open("cases.json", encoding="utf8") as file:
    cases = json.load(file)
texts = [case["text"] for case in cases]
columns = {
    "solution": [case["label"] for case in cases],
    "completion_ids": [[0] * case["tokens"] for case in cases],
    "prompts": texts,
    "trainer_state": None,
}
chats = [[{"role": "assistant", "content": text}] for text in texts]
functions = {name: getattr(rewards, name) for name in rewards.SCORES}
assert all(function.__name__ == name for name, function in functions.items())
plain = {name: function(completions=texts, **columns) for name, function in functions.items()}
assert plain == {name: function(completions=chats, **columns) for name, function in functions.items()}
total = verl.compute_score("clips", "<think>a</think><answer>happy</answer>", "happy", {"index": 0})
print(json.dumps({"scores": plain, "verl": total}))
