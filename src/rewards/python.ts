/** rewards.py: the rewards' twins in Python, put together into one program for TRL and verl. */
import { ANSWER_PYTHON } from './answer.ts';
import { REWARD_NAMES, REWARDS } from './index.ts';
import { MATHS_PYTHON } from './maths-python.ts';
import { OVERLAP_PYTHON } from './overlap-python.ts';
import { PATTERN_PYTHON } from './pattern-python.ts';
import { READINGS_PYTHON } from './readings-python.ts';
import { SCHEMA_PYTHON } from './schema-python.ts';
import { STEM_PYTHON } from './stem.ts';

const HEAD = `"""The studio's rewards, by the same names and with the same results, as reward functions of TRL.

Each takes TRL's keyword arguments (completions, completion_ids, and the columns of the data) and returns one score per
completion; None = does not apply. \`FUNCTIONS\` holds them by their names, \`SCORES\` the functions of one text behind
them. Their parameters are those of settings.json. Nothing but Python's standard library is needed: mathematics is what symbolic_math of the studio reads, which
is less than math_verify and sympy read.
"""

import bisect
import functools
import itertools
import json
import math
import operator
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("settings.json")
_SETTINGS = json.loads(_FILE.read_text(encoding="utf8")) if _FILE.exists() else {}


def _setting(name, default):
    return _SETTINGS.get("studio", {}).get(name, default)


class About(NamedTuple):
    """What is known of a completion beside its text: \`row\` and \`first\` are columns of its row and of the call's first."""

    label: str = None
    tokens: int = 0
    ids: list = []
    row: dict = {}
    first: dict = {}


`;

const TRL = `
FUNCTIONS = {}


def _reward(name):
    def reward(completions, completion_ids=None, solution=None, **columns):
        texts = [text if isinstance(text, str) else text[0]["content"] for text in completions]
        labels = solution or [None] * len(texts)
        ids = completion_ids or [[]] * len(texts)
        lists = {column: values for column, values in columns.items() if isinstance(values, list)}
        rows = [dict(zip(lists, values)) for values in zip(*lists.values())] or [{}] * len(texts)
        known = [About(label, len(one), one, row, rows[0]) for label, one, row in zip(labels, ids, rows)]
        return [SCORES[name](text, about) for text, about in zip(texts, known)]

    reward.__name__ = name
    FUNCTIONS[name] = reward
    return reward


`;

export function rewardsPython(): string {
  const shared = [
    ANSWER_PYTHON,
    READINGS_PYTHON,
    OVERLAP_PYTHON,
    STEM_PYTHON,
    MATHS_PYTHON,
    PATTERN_PYTHON,
    SCHEMA_PYTHON,
  ];
  const twins = REWARD_NAMES.map((name) => REWARDS[name].python);
  const scores = REWARD_NAMES.map((name) => `    "${name}": _${name},\n`).join('');
  const functions = REWARD_NAMES.map((name) => `${name} = _reward("${name}")`).join('\n');
  const parts = [HEAD, ...shared, ...twins, `SCORES = {\n${scores}}`, TRL, functions];
  return `${parts.map((part) => part.trim()).join('\n\n\n')}\n`;
}
