

import asyncio  # noqa: E402
import importlib.util  # noqa: E402
import inspect  # noqa: E402

_OWN = Path(__file__).resolve().with_name("own_rewards")


def _texts(completions):
    return [text if isinstance(text, str) else text[0]["content"] for text in completions]


def _named(name, reward, score):
    SCORES[name] = score
    reward.__name__ = name
    return reward


def _own(name, function, as_text):
    """A program in Python, as it is."""
    spec = importlib.util.spec_from_file_location(f"own_rewards_{name}", _OWN / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    own = [each for each in vars(module).values() if getattr(each, "__module__", None) == module.__name__]
    called = getattr(module, function or name, None) or next(each for each in own if inspect.isfunction(each))

    def reward(completions, **columns):
        return called(completions=_texts(completions) if as_text else completions, **columns)

    async def awaited(completions, **columns):
        return await reward(completions, **columns)

    def score(text, about):
        columns = _alone(about)
        columns["completions"] = [text] if as_text else [[{"role": "assistant", "content": text}]]
        found = called(**columns)
        return (asyncio.run(found) if inspect.isawaitable(found) else found)[0]

    return _named(name, awaited if inspect.iscoroutinefunction(called) else reward, score)


def _alone(about):
    """What a call for one text has beside it."""
    columns = {column: [value] for column, value in about.row.items()}
    return {**columns, "prompts": [""], "completion_ids": [about.ids], "solution": [about.label]}
