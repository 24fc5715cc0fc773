"""Checks an exported checkpoint as torch and PEFT would use it, and prints what the test compares.

expected.safetensors holds Adam's moments as the studio has them: `<module>.<A|B>.first` and `.second`.
"""

import json
import re
import sys

import numpy
import torch

sys.path.insert(0, __import__("os").path.dirname(__file__))
from tensors import read_safetensors

CASE = json.load(open("case.json"))
FOLDER = CASE["folder"]


class Linear(torch.nn.Module):
    """What PEFT makes of a linear layer: two matrices, A before B."""

    def __init__(self, a, b):
        super().__init__()
        self.lora_A = torch.nn.ModuleDict({"default": torch.nn.Linear(a.shape[1], a.shape[0], bias=False)})
        self.lora_B = torch.nn.ModuleDict({"default": torch.nn.Linear(b.shape[1], b.shape[0], bias=False)})
        self.lora_A["default"].weight.data = torch.tensor(a)
        self.lora_B["default"].weight.data = torch.tensor(b)


def qwen2(adapter, layers, targets):
    """Modules in the order in which Qwen2's are made."""
    prefix = "base_model.model.model.layers."
    model = torch.nn.ModuleList()
    for layer in range(layers):
        blocks = torch.nn.Module()
        for block, linears in (("self_attn", "qkvo"), ("mlp", ("gate", "up", "down"))):
            inside = torch.nn.Module()
            for linear in linears:
                path = f"{prefix}{layer}.{block}.{linear}_proj"
                if f"{linear}_proj" in targets:
                    pair = adapter.pop(f"{path}.lora_A.weight"), adapter.pop(f"{path}.lora_B.weight")
                    inside.add_module(f"{linear}_proj", Linear(*pair))
            blocks.add_module(block, inside)
        model.append(blocks)
    assert not adapter, f"tensors that no module wants: {list(adapter)}"
    return model


def check_optimizer(model):
    """Loads Adam's state, and takes a step with it whose result is worked out in float64 as well."""
    expected = read_safetensors("expected.safetensors")
    state = torch.load(f"{FOLDER}/optimizer.pt", weights_only=False)
    names = [name for name, _ in model.named_parameters()]
    assert state["param_groups"][0]["params"] == list(range(len(names)))
    parameters = list(model.parameters())
    adam = torch.optim.AdamW([{"params": parameters}, {"params": []}], lr=1.0)
    adam.load_state_dict(state)
    for name, parameter in model.named_parameters():
        key = re.sub(r"\.lora_([AB])\.default\.weight$", r".\1", name)
        moments = adam.state[parameter]
        assert numpy.array_equal(moments["exp_avg"].numpy(), expected[f"{key}.first"]), name
        assert numpy.array_equal(moments["exp_avg_sq"].numpy(), expected[f"{key}.second"]), name
        parameter.grad = torch.full_like(parameter, 0.01)
    before = [parameter.detach().double().numpy().copy() for parameter in parameters]
    rate = adam.param_groups[0]["lr"]
    steps = {float(moments["step"]) for moments in adam.state.values()}
    adam.step()
    worst = 0.0
    for parameter, old, name in zip(parameters, before, names):
        key = re.sub(r"\.lora_([AB])\.default\.weight$", r".\1", name)
        t = max(steps) + 1
        first = 0.9 * expected[f"{key}.first"].astype(float) + 0.1 * 0.01
        second = 0.999 * expected[f"{key}.second"].astype(float) + 0.001 * 0.01**2
        wanted = old - rate * (first / (1 - 0.9**t)) / (numpy.sqrt(second / (1 - 0.999**t)) + 1e-8)
        worst = max(worst, float(numpy.abs(parameter.detach().numpy() - wanted).max()))
    return adam, {"steps": sorted(steps), "rate": rate, "names": len(names), "worst": worst}


def check_scheduler(adam):
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: max(0.0, (6 - step) / 6))
    schedule.load_state_dict(torch.load(f"{FOLDER}/scheduler.pt", weights_only=False))
    now = schedule.get_last_lr()
    schedule.step()
    return {"now": now, "next": schedule.get_last_lr(), "last_epoch": schedule.last_epoch}


def check_merged(adapter):
    """Largest difference of W + alpha/r B A, worked out here, from the exported weights."""
    config = json.load(open(f"{FOLDER}/adapter_config.json"))
    base = read_safetensors("base.safetensors")
    found = {}
    for dtype in ("f32", "bf16"):
        merged = read_safetensors(f"{dtype}.safetensors")
        assert merged.keys() == base.keys()
        worst, touched = 0.0, 0
        for name, weight in base.items():
            wanted = weight.astype(float)
            if re.fullmatch(config["target_modules"], name.removesuffix(".weight")) and name.endswith(".weight"):
                a, b = (adapter[f"base_model.model.{name.removesuffix('weight')}lora_{x}.weight"].astype(float) for x in "AB")
                wanted = wanted + config["lora_alpha"] / config["r"] * (b @ a)
                assert numpy.abs(wanted - weight).max() > 1e-3, f"the adapter of {name} does nothing"
                touched += 1
            elif dtype == "f32":
                assert numpy.array_equal(merged[name], weight), name
            scale = numpy.maximum(numpy.abs(wanted), 1e-3)
            worst = max(worst, float((numpy.abs(merged[name] - wanted) / scale).max()))
        found[dtype] = {"worst": worst, "touched": touched}
    return found


adapter = read_safetensors(f"{FOLDER}/adapter_model.safetensors")
model = qwen2(dict(adapter), CASE["layers"], CASE["targets"])
adam, optimizer = check_optimizer(model)
print(json.dumps({"optimizer": optimizer, "scheduler": check_scheduler(adam), "merged": check_merged(adapter)}))
