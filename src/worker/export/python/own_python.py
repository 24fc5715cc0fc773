

import asyncio  # noqa: E402
import importlib.util  # noqa: E402
import inspect  # noqa: E402

_OWN = Path(__file__).resolve().with_name("own_rewards")


def _texts(completions):
    return [text if isinstance(text, str) else text[0]["content"] for text in completions]


def _named(name, reward, score):
    SCORES[name] = score
    FUNCTIONS[name] = reward
    reward.__name__ = name


def __getattr__(name):
    """Rewards of its own are had by their names without being names of this file, which may need `print` or `len` for itself."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _is_reward(key, value, module):
    """As the studio tells rewards from tests and from what they call."""
    if not inspect.isfunction(value) or value.__module__ != module.__name__ or key.startswith(("_", "test_")):
        return False
    parameters = inspect.signature(value).parameters.values()
    return any(each.name == "completions" or each.kind is each.VAR_KEYWORD for each in parameters)


def _own(name, function, as_text):
    """A program in Python, as it is."""
    spec = importlib.util.spec_from_file_location(f"own_rewards_{name}", _OWN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    functions = {key: each for key, each in vars(module).items() if _is_reward(key, each, module)}
    called = functions.get(function or name) or next(iter(functions.values()))

    def reward(completions, **columns):
        return called(completions=_texts(completions) if as_text else completions, **columns)

    async def awaited(completions, **columns):
        return await reward(completions, **columns)

    def score(text, about):
        columns = _alone(about)
        columns["completions"] = [text] if as_text else [[{"role": "assistant", "content": text}]]
        found = called(**columns)
        return (asyncio.run(found) if inspect.isawaitable(found) else found)[0]

    _named(name, awaited if inspect.iscoroutinefunction(called) else reward, score)


def _alone(about):
    """What a call for one text has beside it."""
    columns = {column: [value] for column, value in about.row.items()}
    return {**columns, "prompts": [""], "completion_ids": [about.ids], "solution": [about.label]}
