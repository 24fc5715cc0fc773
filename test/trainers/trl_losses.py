"""What the GRPO losses of the installed TRL are on the inputs of recorded tables, and how they differ from what is recorded.

    python trl_losses.py TABLE.json ...                                 prints what this release computes otherwise
    python trl_losses.py TABLE.json ... --write NEW.json                writes all cases as a table, too
    python trl_losses.py TABLE.json ... --write NEW.json --differing    only those that are not as they are recorded

Inputs are those of the first table; what a later one has of a case holds. Calls TRL's own GRPOTrainer._compute_loss on a
trainer that has settings and no model. Numbers are float64.
"""

import argparse
import dataclasses
import inspect
import json
import os
import re
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
import trl
from trl import GRPOConfig, GRPOTrainer

# Settings by the short names of the table; what a case does not name is 0 or off.
NAMES = {
    "loss_type": "loss_type",
    "level": "importance_sampling_level",
    "beta": "beta",
    "bias_kl": "use_bias_correction_kl",
    "delta": "delta",
    "opm": "off_policy_mask_threshold",
    "quant": "top_entropy_quantile",
    "ent": "entropy_coef",
    "eps": "epsilon",
    "eps_high": "epsilon_high",
}
# What holds where a case does not name it, by the note of the first table.
TABLE = {"epsilon": 0.2, "beta": 0.0, "use_bias_correction_kl": False, "gradient_accumulation_steps": 2}
# Options that no case of the first table has together.
TOGETHER = {"quant": 0.5, "ent": 0.01}
# Of a table, what losses are made of.
INPUTS = ("B", "T", "max_completion_length", "logp", "old", "ref", "entropy", "mask", "advantages")
# Largest relative differences at which two releases count as one: their own float32 constants stay below.
ALIKE = 1e-6


class OneProcess:
    """As much of an accelerator as a loss asks for."""

    num_processes = 1
    sync_gradients = True

    def gather(self, value):
        return value

    def gather_for_metrics(self, value):
        return value

    def reduce(self, value, reduction):
        return value

    def pad_across_processes(self, value, **_):
        return value


class Judge(GRPOTrainer):
    """A trainer without a model: its settings under the names that the loss reads, and log-probabilities that are given."""

    def __init__(self, settings, table):
        args = GRPOConfig(output_dir="unused", use_cpu=True, bf16=False, report_to="none", **settings)
        for field in dataclasses.fields(args):
            setattr(self, field.name, getattr(args, field.name))
        self.args, self.accelerator = args, OneProcess()
        self.epsilon_low = args.epsilon
        self.epsilon_high = args.epsilon if args.epsilon_high is None else args.epsilon_high
        self.model = torch.nn.Identity().train()
        self.aux_loss_enabled = False
        self._entropy_bonus_enabled = args.entropy_coef != 0
        self.current_gradient_accumulation_steps = args.gradient_accumulation_steps
        self._metrics = {"train": defaultdict(list), "eval": defaultdict(list)}
        self.logps = torch.tensor(table["logp"], dtype=torch.float64, requires_grad=True)
        self.entropies = torch.tensor(table["entropy"], dtype=torch.float64, requires_grad=True)

    def _get_per_token_logps_and_entropies(self, *_, **__):
        return self.logps, self.entropies, None


def judged(case, table):
    """Loss, gradients and what is logged of one case."""
    short = dict(case)
    accumulation = short.pop("ga", TABLE["gradient_accumulation_steps"])
    mask = torch.tensor(table["mask"], dtype=torch.float64)
    items = short.pop("n_items", float(mask.sum()))
    settings = {**TABLE, "gradient_accumulation_steps": accumulation, **{NAMES[name]: value for name, value in short.items()}}
    settings["max_completion_length"] = table["max_completion_length"]
    judge = Judge(settings, table)
    ids = torch.zeros_like(mask, dtype=torch.long)
    loss = judge._compute_loss(
        None,
        {
            **{"prompt_ids": ids[:, :1], "prompt_mask": ids[:, :1] + 1, "completion_ids": ids, "completion_mask": mask},
            "advantages": torch.tensor(table["advantages"], dtype=torch.float64),
            "old_per_token_logps": torch.tensor(table["old"], dtype=torch.float64),
            "ref_per_token_logps": torch.tensor(table["ref"], dtype=torch.float64),
            "num_items_in_batch": torch.tensor(items, dtype=torch.float64),
        },
    )
    loss.backward()
    bonus = {} if judge.entropies.grad is None else {"grad_entropies": rounded(judge.entropies.grad)}
    logged = {name: values[0] for name, values in judge._metrics["train"].items()}
    return {"case": case, "loss": loss.item(), "grad": rounded(judge.logps.grad), **bonus, "metrics": logged}


def tried(case, table):
    """A release may want of a trainer what it has not here: that is told, and the other cases go on."""
    try:
        return judged(case, table)
    except Exception as error:
        return {"case": case, "failure": f"cannot be asked: {type(error).__name__}: {error}"}


def rounded(gradient):
    return [[round(value, 12) for value in row] for row in gradient.tolist()]


def distance(new, old):
    """Largest difference of two numbers or lists of them, in units of the old ones' largest."""
    first, second = (torch.tensor(values, dtype=torch.float64) for values in (new, old))
    return float((first - second).abs().max() / second.abs().max().clamp(min=1e-12))


def changes(new, old):
    """What of a case is another: name, before and after; of gradients by how much."""
    if "failure" in new or old is None:
        return [new.get("failure", "is not recorded")]
    told = [] if distance(new["loss"], old["loss"]) <= ALIKE else [f"loss {old['loss']:.6g} -> {new['loss']:.6g}"]
    # The table's gradients have ten decimals.
    if (gap := distance(new["grad"], old["grad"])) > 1e-5:
        told.append(f"gradient by {gap:.2g} of its largest element")
    for name in sorted({*new["metrics"], *old["metrics"]}):
        pair = [each["metrics"].get(name) for each in (old, new)]
        if None in pair or abs(pair[0] - pair[1]) > ALIKE * max(1, abs(pair[0])):
            told.append(f"{name} {pair[0]} -> {pair[1]}")
    return told


def known(tables):
    """What the tables have of each case; None of those that none has."""
    cases = {json.dumps(each["case"]): each for table in tables for each in table["loss_cases"]}
    # The cases without any option, with those two.
    bare = [case for case in map(json.loads, cases) if not {*case} - {"loss_type", "level", "eps_high", "n_items"}]
    return {**{json.dumps({**case, **TOGETHER}): None for case in bare}, **cases}


def news(table):
    """Defaults that are not what the tables have, and losses of which they have none."""
    for name in NAMES.values():
        default = next((field.default for field in dataclasses.fields(GRPOConfig) if field.name == name), "gone")
        if name in TABLE and default != TABLE[name]:
            yield f"{name} is {default} by default; cases that do not name it have {TABLE[name]}."
    tests = re.findall(r"loss_type (?:==|in) (.*?):\n", inspect.getsource(GRPOTrainer._compute_loss))
    for loss in sorted({*re.findall(r'"(\w+)"', " ".join(tests))} - {each["case"]["loss_type"] for each in table["loss_cases"]}):
        yield f"The loss {loss} is new."


def as_table(cases, inputs):
    """In the form of the recorded ones, with the defaults that JSON has words for."""
    plain = (type(None), bool, int, float, str)
    defaults = {field.name: field.default for field in dataclasses.fields(GRPOConfig) if isinstance(field.default, plain)}
    return {"trl": trl.__version__, **{name: inputs[name] for name in INPUTS}, "defaults": defaults, "loss_cases": cases}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", metavar="TABLE.json", help="such as that of test/golden/grpo-losses")
    parser.add_argument("--write", metavar="NEW.json", type=Path, help="where to write a table")
    parser.add_argument("--differing", action="store_true", help="of cases that are not as they are recorded")
    options = parser.parse_args()
    tables = [json.loads(Path(path).read_text(encoding="utf8")) for path in options.tables]
    recorded = known(tables)
    cases = [tried(json.loads(case), tables[0]) for case in recorded]
    told = [changes(new, old) for new, old in zip(cases, recorded.values())]
    differing = [(new, lines) for new, lines in zip(cases, told) if lines]
    for new, lines in differing:
        print(", ".join(f"{name}={value}" for name, value in new["case"].items()), *lines, sep="\n    ")
    print(*news(tables[0]), f"TRL {trl.__version__}: {len(differing)} of {len(cases)} cases differ from what is recorded.", sep="\n")
    if options.write:
        chosen = [new for new, _ in differing] if options.differing else cases
        table = as_table([each for each in chosen if "failure" not in each], tables[0])
        options.write.write_text(json.dumps(table), encoding="utf8")


if __name__ == "__main__":
    main()
