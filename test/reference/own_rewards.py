"""Calls every reward of its own that handoff/rewards.py has, as TRL does and of one text, and prints what they score or say."""

import asyncio
import inspect
import json
import sys
from types import SimpleNamespace

sys.path.insert(0, "handoff")
import rewards

GIVEN = json.loads(open("names.json", encoding="utf8").read())
TEXTS = GIVEN["texts"]
CHATS = [[{"role": "assistant", "content": text}] for text in TEXTS]
logged = {"metrics": {}, "extras": {}}


def call(function):
    scores = function(
        completions=CHATS,
        prompts=[""] * len(TEXTS),
        completion_ids=[[1]] * len(TEXTS),
        level=[1, 2, 0.5],
        trainer_state=SimpleNamespace(global_step=3, log_history=[]),
        log_metric=logged["metrics"].__setitem__,
        log_extra=logged["extras"].__setitem__,
    )
    return asyncio.run(scores) if inspect.isawaitable(scores) else scores


found = {}
for name in GIVEN["names"]:
    function = getattr(rewards, name)
    if name == "ends":
        rewards._SETTINGS["studio"]["rewardTimeLimit"] = 0.5
    try:
        scores = call(function)
        one = rewards.SCORES[name]("bbb", rewards.About("bbb", 3))
        found[function.__name__] = [inspect.iscoroutinefunction(function), scores, one]
    except RuntimeError as error:
        found[name] = f"RuntimeError: {error}"
rewards._SETTINGS["studio"]["rewardTimeLimit"] = 60
print(json.dumps({**found, "logged": logged, "again": call(rewards.page)}))
