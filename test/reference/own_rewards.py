"""Calls every reward of its own that handoff/rewards.py has, as TRL does and of one text, and prints what they score."""

import asyncio
import inspect
import json
import sys

sys.path.insert(0, "handoff")
import rewards

TEXTS = ["a", "bbb"]
CHATS = [[{"role": "assistant", "content": text}] for text in TEXTS]
found = {}
for name in json.loads(open("names.json", encoding="utf8").read()):
    function = getattr(rewards, name)
    scores = function(completions=CHATS, prompts=["", ""], level=[1, 2], trainer_state=None)
    is_async = inspect.iscoroutinefunction(function)
    found[function.__name__] = [
        is_async,
        asyncio.run(scores) if is_async else scores,
        rewards.SCORES[name]("bbb", rewards.About("bbb", 3)),
    ]
print(json.dumps(found))
