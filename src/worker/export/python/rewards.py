"""The studio's rewards, by the same names and with the same results, as reward functions of TRL.

Each takes TRL's keyword arguments (completions, completion_ids, and the columns of the data) and returns one score per
completion; None = does not apply. `SCORES` holds the functions of one text behind them.
"""

import json
import math
import re
import unicodedata
from pathlib import Path

_FILE = Path(__file__).with_name("settings.json")
_SETTINGS = json.loads(_FILE.read_text()) if _FILE.exists() else {}
MAX_COMPLETION_LENGTH = _SETTINGS.get("max_completion_length", 256)
# The last stretch before the limit over which soft_overlong falls; 0 = a fifth.
SOFT_PUNISH_CACHE = _SETTINGS.get("soft_punish_cache", 0)
REPETITION_NGRAM = _SETTINGS.get("repetition_ngram", 3)
REPETITION_MAX_PENALTY = _SETTINGS.get("repetition_max_penalty", 1)

# White space of JavaScript, which the tolerant rewards go by; Python's own set differs in five characters.
_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_FORMAT = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL)
_ANSWER = re.compile(r"<answer>(.*?)</answer>")
_ANY_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE | re.ASCII)
_TOLERANT_FORMAT = re.compile(
    rf"[{_SPACE}]*<think>.*?</think>[{_SPACE}]*<answer>.*?</answer>[{_SPACE}]*",
    re.DOTALL | re.IGNORECASE | re.ASCII,
)
_SPACES = re.compile(f"[{_SPACE}]+")
_TRIM = re.compile(f"^[{_SPACE}]+|[{_SPACE}]+\\Z")

_SYNONYMS = {
    "anger": "angry",
    "happiness": "happy",
    "sadness": "sad",
    "contempt": "contemptuous",
    "anxiety": "anxious",
    "helplessness": "helpless",
    "disappointment": "disappointed",
    "fearful": "fear",
    "surprised": "surprise",
}


def _published_answer(text):
    found = _ANSWER.search(text)
    return (found.group(1) if found else text).strip()


def _accuracy(text, label, tokens):
    if label is None:
        return None
    return float(_published_answer(text) == _published_answer(f"<answer> {label} </answer>"))


def _format(text, label, tokens):
    return float(_FORMAT.fullmatch(text) is not None)


def _read_answer(text):
    found = _ANY_ANSWER.search(text)
    return _TRIM.sub("", found.group(1) if found else text)


def _is_outer(character):
    return unicodedata.category(character)[0] in "PS" or _SPACES.fullmatch(character) is not None


def _fold(answer):
    folded = unicodedata.normalize("NFKC", answer).lower()
    start, end = 0, len(folded)
    while start < end and _is_outer(folded[start]):
        start += 1
    while end > start and _is_outer(folded[end - 1]):
        end -= 1
    folded = _SPACES.sub(" ", folded[start:end])
    return _SYNONYMS.get(folded, folded)


def _accuracy_tolerant(text, label, tokens):
    if label is None:
        return None
    return float(_fold(_read_answer(text)) == _fold(label))


def _format_tolerant(text, label, tokens):
    return float(_TOLERANT_FORMAT.fullmatch(text) is not None)


def _think_format(text, label, tokens):
    return float(text.startswith("<think>") and "<think>" not in text[1:] and "</think>" in text)


def _soft_overlong(text, label, tokens):
    cache = SOFT_PUNISH_CACHE or max(1, math.floor(MAX_COMPLETION_LENGTH / 5 + 0.5))
    safe = MAX_COMPLETION_LENGTH - cache
    if tokens <= safe:
        return 0.0
    return (safe - tokens) / cache if tokens <= MAX_COMPLETION_LENGTH else -1.0


def _repetition(text, label, tokens):
    words = [word for word in _SPACES.split(text.lower()) if word]
    total = len(words) - REPETITION_NGRAM + 1
    if total < 1:
        return 0.0
    groups = {" ".join(words[i : i + REPETITION_NGRAM]) for i in range(total)}
    return (len(groups) / total - 1) * REPETITION_MAX_PENALTY


SCORES = {
    "accuracy": _accuracy,
    "format": _format,
    "accuracy_tolerant": _accuracy_tolerant,
    "format_tolerant": _format_tolerant,
    "think_format": _think_format,
    "soft_overlong": _soft_overlong,
    "repetition": _repetition,
}


def _reward(name):
    def reward(completions, completion_ids=None, solution=None, **_):
        texts = [text if isinstance(text, str) else text[0]["content"] for text in completions]
        labels = solution or [None] * len(texts)
        lengths = [len(ids) for ids in completion_ids] if completion_ids else [0] * len(texts)
        return [SCORES[name](*row) for row in zip(texts, labels, lengths)]

    reward.__name__ = name
    return reward


accuracy = _reward("accuracy")
format = _reward("format")
accuracy_tolerant = _reward("accuracy_tolerant")
format_tolerant = _reward("format_tolerant")
think_format = _reward("think_format")
soft_overlong = _reward("soft_overlong")
repetition = _reward("repetition")
