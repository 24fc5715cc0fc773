"""Calls a person's reward functions as TRL does: by keyword, a list of numbers or None back. Everything passes as JSON."""

import inspect
import itertools
import json
import linecache
import math
import sys
import traceback
import types

PASSED = "prompts, completions, completion_ids, trainer_state, log_extra, log_metric and the data set's columns"
_file = ""
_as_messages = True
_functions = {}
_tests = {}


def open_file(name, text, as_messages):
    """Runs the file as a module; says which functions can be rewards, and which are tests."""
    global _file, _as_messages
    _file, _as_messages = name, as_messages
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    _functions.clear()
    _tests.clear()
    module = types.ModuleType("reward_file")
    module.__file__ = name
    sys.modules[module.__name__] = module
    return _told(lambda: _open(module, text))


def _open(module, text):
    exec(compile(text, _file, "exec", dont_inherit=True), module.__dict__)
    for name, value in module.__dict__.items():
        if not inspect.isfunction(value) or value.__module__ != module.__name__:
            continue
        if name.startswith("test_"):
            _tests[name] = value
        elif not name.startswith("_") and _takes_completions(value):
            _functions[name] = value
    return {"functions": list(_functions), "tests": list(_tests)}


def _takes_completions(function):
    parameters = inspect.signature(function).parameters.values()
    return any(p.name == "completions" or p.kind is p.VAR_KEYWORD for p in parameters)


def score(name, batch):
    """Scores a batch; a coroutine where the function is one."""
    function = _functions[name]
    logged, extras = {}, {}
    arguments = _arguments(json.loads(batch), logged, extras)

    def finished(result):
        metrics = {key: sum(values) / len(values) for key, values in logged.items()}
        return {"values": _values(result, len(arguments["completions"])), "metrics": metrics, "extras": extras}

    if inspect.iscoroutinefunction(function):
        return _awaited(lambda: function(**arguments), finished)
    return _told(lambda: finished(function(**arguments)))


def _arguments(batch, logged, extras):
    completions = batch["completions"]
    if _as_messages:
        completions = [[{"role": "assistant", "content": text}] for text in completions]
    return {
        **batch["columns"],
        "prompts": batch["prompts"],
        "completions": completions,
        "completion_ids": batch["completion_ids"],
        "trainer_state": types.SimpleNamespace(**batch["trainer_state"]),
        "log_extra": lambda column, values: extras.__setitem__(column, [_plain(value) for value in values]),
        "log_metric": lambda metric, value: logged.setdefault(metric, []).append(float(value)),
    }


def _values(result, count):
    if result is None or isinstance(result, (str, bytes, dict)) or not hasattr(result, "__iter__"):
        return {"is": type(result).__name__}
    # A generator may have no end.
    values = list(itertools.islice(result, count + 1))
    if len(values) > count:
        return {"is": f"{len(result) if hasattr(result, '__len__') else f'more than {count}'} values"}
    return [_number(value) for value in values]


def _number(value):
    if hasattr(value, "item"):
        value = value.item()
    if value is None or not isinstance(value, (bool, int, float)):
        return None if value is None else {"is": type(value).__name__}
    value = float(value)
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else {"is": str(value)}


def _plain(value):
    """A value as JSON has it; what JSON has not, as its text."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    try:
        json.dumps(value, allow_nan=False)
        return value
    except (TypeError, ValueError):
        return str(value)


def test(name):
    """Runs a test function; a coroutine where it is one."""
    if inspect.iscoroutinefunction(_tests[name]):
        return _awaited(_tests[name], lambda _: None)
    return _told(lambda: _tests[name]() and None)


def _told(run):
    try:
        return json.dumps({"value": run()}, allow_nan=False)
    except BaseException as error:
        return json.dumps({"fault": _fault(error)})


async def _awaited(run, finished):
    try:
        return json.dumps({"value": finished(await run())}, allow_nan=False)
    except BaseException as error:
        return json.dumps({"fault": _fault(error)})


def _fault(error):
    fault = {"message": traceback.format_exception_only(type(error), error)[-1].strip()}
    calls = [call for call in traceback.extract_tb(error.__traceback__) if call.filename == _file]
    if isinstance(error, SyntaxError) and error.filename == _file:
        fault.update(line=error.lineno, column=error.offset)
    elif calls:
        line = calls[-1]
        fault.update(line=line.lineno, column=(line.colno or 0) + 1)
        fault["trace"] = "".join(traceback.format_list(calls[-8:]))
        if isinstance(error, AssertionError) and not str(error):
            fault["message"] = f"AssertionError: {line.line}"
    hint = _hint(error, calls)
    return {**fault, "hint": hint} if hint else fault


def _hint(error, calls):
    if isinstance(error, ModuleNotFoundError):
        return f"Only Python's standard library is here, and {error.name} is not part of it: do without it."
    if isinstance(error, TypeError) and not calls and "argument" in str(error):
        return f"As TRL does, every function is called by keyword with {PASSED}: take what you need, and **kwargs for the rest."
    return None
