

import os  # noqa: E402
import queue  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import threading  # noqa: E402

# Seconds that Node has to start and read a file; for a batch it has as many as in the studio.
_START_SECONDS = 60
_STATE = ("global_step", "max_steps", "epoch", "num_input_tokens_seen", "is_local_process_zero", "is_world_process_zero")


def _node():
    """Node with its permission model: it reads own_rewards/, and reaches no other file and no program."""
    node = os.environ.get("NODE") or shutil.which("node")
    if node is None:
        raise RuntimeError("A reward of this run is TypeScript or JavaScript: put Node 20.16 or newer on the path, or set NODE to it.")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    if version < (20, 16):
        raise RuntimeError(f"{node} is Node {said.strip()}; expected 20.16 or newer. Set NODE to another one.")
    is_plain = version >= (23, 5) or (22, 13) <= version < (23, 0)
    permission = "--permission" if is_plain else "--experimental-permission"
    return [node, "--no-warnings", "--experimental-vm-modules", permission, f"--allow-fs-read={_OWN / '*'}"]


class _Process:
    """A program in Node, started at its first batch and kept; a line of JSON for a batch, and one back."""

    def __init__(self, name, program, source, function, form):
        self.name = name
        self.command = [*_node(), *(str(_OWN / file) for file in ("reward-runner.mjs", program)), source, function, form]
        self.lock = threading.Lock()
        self.process = self.lines = self.owner = None

    def ask(self, batch):
        with self.lock:
            # A process that was forked has none of its own.
            if self.owner != os.getpid() or self.process.poll() is not None:
                self.start()
            try:
                self.process.stdin.write(json.dumps(_plain(batch), allow_nan=False) + "\n")
                self.process.stdin.flush()
            except OSError as error:
                raise RuntimeError(f"The reward {self.name} ended: {error}") from None
            return self.answer(_setting("rewardTimeLimit", 2))

    def start(self):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("NODE")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf8", "env": clean}
        self.process, self.lines, self.owner = subprocess.Popen(self.command, **pipes), queue.SimpleQueue(), os.getpid()
        threading.Thread(target=_listen, args=(self.process.stdout, self.lines), daemon=True).start()
        self.answer(_START_SECONDS)

    def answer(self, seconds):
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"The reward {self.name} gave no scores within {seconds} s.") from None
        if line is None:
            raise RuntimeError(f"The reward {self.name} ended without an answer (exit status {self.process.wait()}).")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"The reward {self.name} failed: {answer['error']}")
        return answer


def _listen(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put(None)


def _plain(value):
    """A value as JSON has it: None for a number that is none, a text for what JSON has not."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _in_node(name, program, source, function, form):
    """A program in TypeScript or JavaScript, called as any function of Python."""
    process = _Process(name, program, source, function, form)

    def reward(completions, prompts=None, completion_ids=None, trainer_state=None, log_metric=None, log_extra=None, **columns):
        texts = _texts(completions)
        batch = {
            "prompts": prompts or [""] * len(texts),
            "completions": texts,
            "completion_ids": completion_ids or [[]] * len(texts),
            "columns": {column: values for column, values in columns.items() if isinstance(values, (list, tuple))},
            "trainer_state": {key: getattr(trainer_state, key, None) for key in _STATE},
        }
        answer = process.ask(batch)
        for metric, value in answer["metrics"].items() if log_metric else ():
            log_metric(metric, value)
        for column, values in answer["extras"].items() if log_extra else ():
            log_extra(column, values)
        return _scores(name, answer["values"], len(texts))

    _named(name, reward, lambda text, about: reward([text], **_alone(about))[0])


def _scores(name, values, count):
    found = values["is"] if isinstance(values, dict) else next((each["is"] for each in values if isinstance(each, dict)), None)
    if found is None and len(values) != count:
        found = len(values)
    if found is not None:
        raise RuntimeError(f"{name} has to return one number a completion, {count} here, or null where it does not apply: found {found}.")
    return values
