/** rewards.py: the rewards' twins in Python, put together into one program for TRL and verl. */
import { ANSWER_PYTHON } from './answer.ts';
import { REWARD_NAMES, REWARDS } from './index.ts';

const HEAD = `"""The studio's rewards, by the same names and with the same results, as reward functions of TRL.

Each takes TRL's keyword arguments (completions, completion_ids, and the columns of the data) and returns one score per
completion; None = does not apply. \`SCORES\` holds the functions of one text behind them.
"""

import json
import math
import re
import unicodedata
from pathlib import Path

_FILE = Path(__file__).with_name("settings.json")
_SETTINGS = json.loads(_FILE.read_text()) if _FILE.exists() else {}


def _setting(name, default):
    return _SETTINGS.get("studio", {}).get(name, default)

`;

const TRL = `

def _reward(name):
    def reward(completions, completion_ids=None, solution=None, **_):
        texts = [text if isinstance(text, str) else text[0]["content"] for text in completions]
        labels = solution or [None] * len(texts)
        lengths = [len(ids) for ids in completion_ids] if completion_ids else [0] * len(texts)
        return [SCORES[name](*row) for row in zip(texts, labels, lengths)]

    reward.__name__ = name
    return reward


`;

export function rewardsPython(): string {
  const twins = REWARD_NAMES.map((name) => REWARDS[name].python);
  const scores = REWARD_NAMES.map((name) => `    "${name}": _${name},\n`).join('');
  const functions = REWARD_NAMES.map((name) => `${name} = _reward("${name}")`).join('\n');
  const parts = [HEAD, ANSWER_PYTHON, ...twins, `SCORES = {\n${scores}}`, TRL, functions];
  return `${parts.map((part) => part.trim()).join('\n\n\n')}\n`;
}
