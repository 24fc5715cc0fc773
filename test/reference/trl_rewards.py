"""Reward functions of the kinds that TRL's documentation shows, written for the test, and a call of each as TRL makes it."""

import asyncio
import inspect
import json
import re
from types import SimpleNamespace

FUNCTIONS = '''import asyncio
import re


def length(completions, **kwargs):
    """Longer is better: the characters of the answer."""
    return [float(len(message[0]["content"])) for message in completions]


def tokens(completion_ids, completions, **kwargs):
    return [len(ids) / 10 for ids in completion_ids]


def shape(completions, **kwargs):
    pattern = re.compile(r"^<think>(.+?)</think>\\\\s*<answer>(.+?)</answer>$", re.DOTALL)
    return [1.0 if pattern.match(message[0]["content"]) else 0.0 for message in completions]


def right(completions, ground_truth, **kwargs):
    boxed = [re.search(r"\\\\\\\\boxed\\\\{([^}]*)\\\\}", message[0]["content"]) for message in completions]
    return [float(bool(found) and found.group(1) == truth) for found, truth in zip(boxed, ground_truth)]


async def waits(prompts, completions, **kwargs):
    async def one(prompt, message):
        await asyncio.sleep(0.001)
        return len(message[0]["content"]) / (1 + len(prompt[0]["content"]))
    return await asyncio.gather(*(one(p, c) for p, c in zip(prompts, completions)))


def maths_only(completions, task, **kwargs):
    return [1 if "4" in c[0]["content"] else 0 for c in completions] if set(task) == {"maths"} else [
        float("4" in c[0]["content"]) if kind == "maths" else None for c, kind in zip(completions, task)
    ]


def logs(completions, trainer_state, log_extra, log_metric, **kwargs):
    sizes = [len(c[0]["content"]) for c in completions]
    log_metric("longest", max(sizes))
    log_metric("longest", trainer_state.global_step)
    log_extra("sizes", sizes)
    log_extra("ends", [c[0]["content"][-1:] for c in completions])
    return [size > 5 for size in sizes]


class Number:
    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


def boxed_numbers(completions, **kwargs):
    return (Number(at / 4) for at, _ in enumerate(completions))
'''.replace("\\\\", "\\")


def call(function, batch):
    logged, extras = {}, {}
    arguments = {
        **batch["columns"],
        "trainer_state": SimpleNamespace(**batch["trainer_state"]),
        "log_extra": extras.__setitem__,
        "log_metric": lambda name, value: logged.setdefault(name, []).append(value),
    }
    completions = [[{"role": "assistant", "content": text}] for text in batch["completions"]]
    result = function(prompts=batch["prompts"], completions=completions, completion_ids=batch["completion_ids"], **arguments)
    if inspect.iscoroutinefunction(function):
        result = asyncio.run(result)
    values = [value.item() if hasattr(value, "item") else value for value in result]
    metrics = {name: sum(values) / len(values) for name, values in logged.items()}
    return {"values": [None if value is None else float(value) for value in values], "metrics": metrics, "extras": extras}


space = {}
exec(compile(FUNCTIONS, "rewards.py", "exec"), space)
functions = {name: value for name, value in space.items() if inspect.isfunction(value)}
with open("batch.json", encoding="utf-8") as file:
    given = json.load(file)
print(json.dumps({"source": FUNCTIONS, "scores": {name: call(value, given) for name, value in functions.items()}}))
