"""Runs the twin (HumanOmni as a transformers model) on the golden checkpoint and on one of other dimensions; leaves what came out as files.

`check_twin(given, folder)`: given names the twin's folder, the golden case and the other case; files go into `folder`.
"""

import copy
import json
import re
import sys
from pathlib import Path

import torch
from check_processor import check_processor
from peft import LoraConfig, PeftModel
from safetensors.torch import load_file, save_file

BETA = 0.04


def spread(ids, twin, tokens):
    """The published sentinels -201 and -202, each replaced by the ids of its medium's places."""
    video, audio = twin.config.media_ids(0, *(len(part) for part in tokens))
    return [place for i in ids.tolist() for place in {-201: video, -202: audio}.get(i, [i])]


def activations(twin, clip, given):
    """What lies between a clip and the logits behind its prompt, and 24 greedy tokens."""
    model, seen = twin.model, {}
    hooks = [
        model.audio_tower.register_forward_hook(lambda _, __, out: seen.update(audio_hidden=out)),
        model.layers[0].register_forward_hook(lambda _, __, out: seen.update(decoder_hidden_layer1=out[0] if isinstance(out, tuple) else out)),
        model.norm.register_forward_hook(lambda _, __, out: seen.update(decoder_hidden_last=out)),
    ]
    with torch.no_grad():
        features = model.encode(clip)
        projector, vision = model.mm_projector, features.vision_features
        seen.update(vision_hidden=vision, proj_face=projector.mlp_2xgelu_face(vision))
        seen.update(zip(("proj_video", "proj_body", "face_pooled"), projector(vision)))
        seen["bert_cls"] = model.question_row(clip.question_ids)
        seen["branch_probs"] = model.branch_weights(seen["bert_cls"])
        tokens = model.media_tokens(features)
        seen.update(zip(("video_tokens", "audio_tokens"), tokens))
        ids = torch.tensor([spread(given["prompt_ids"], twin, tokens)])
        seen["inputs_embeds"] = model.embed(ids, [clip])
        seen["prompt_logits_last"] = twin(input_ids=ids, clips=[clip]).logits[0, -1]
        for hook in hooks:
            hook.remove()
        written = twin.generate(ids, clips=[clip], max_new_tokens=24, do_sample=False, eos_token_id=None, pad_token_id=0)
    return {name: value.contiguous().clone() for name, value in seen.items()}, written[0, ids.shape[1] :].tolist()


def log_probabilities(twin, clips, given):
    """Of the completions' tokens, [completion, token]; zero where padding is."""
    completions, mask = given["completion_ids"], given["completion_mask"]
    with torch.no_grad():
        prompt = torch.tensor(spread(given["prompt_ids"], twin, twin.model.media_tokens(clips[0])))
    rows = torch.cat([prompt.expand(len(completions), -1), completions], 1)
    seen = torch.cat([torch.ones(len(completions), len(prompt), dtype=mask.dtype), mask], 1)
    logits = twin(input_ids=rows, attention_mask=seen, clips=clips, logits_to_keep=completions.shape[1] + 1, use_cache=False).logits[:, :-1]
    return logits.log_softmax(-1).gather(2, completions[..., None])[..., 0] * mask


def grpo(logps, references, given):
    """Loss and mean KL, as the published trainer has them."""
    mask = given["completion_mask"]
    kl = (references - logps).exp() - (references - logps) - 1
    ratio = (logps - logps.detach()).exp()
    mean = lambda values: ((values * mask).sum(1) / mask.sum(1)).mean()
    return mean(BETA * kl - ratio * given["advantages"][:, None]), mean(kl)


def gradients(twin):
    return {name: parameter.grad.contiguous() for name, parameter in twin.named_parameters() if parameter.grad is not None}


def clip_of(Clip, given):
    return Clip(pixel_values=given["pixel_values"], input_features=given["input_features"], question_ids=given["bert_ids"])


def train(twin, clip, references, given):
    """Log-probabilities, loss, KL and every gradient, with everything trained that the studio trains; in training mode."""
    twin.train_only("decoder", "projectors", "gate", "bert")
    twin.train()
    logps = log_probabilities(twin, [clip], given)
    loss, kl = grpo(logps, logps.detach() if references is None else references, given)
    loss.backward()
    twin.eval()
    return logps.detach(), float(loss.detach()), float(kl.detach())


def check_golden(module, folder, out):
    """The case's group was made with the vision tower's last block, its intermediates with the last but one."""
    given = load_file(folder / "case.safetensors")
    clip = clip_of(module.Clip, given)
    twin, info = module.HumanOmniQwen2ForCausalLM.from_pretrained(folder, output_loading_info=True)
    seen, greedy = activations(twin, clip, given)
    config = copy.deepcopy(twin.config)
    config.mm_vision_select_layer = -1
    twin = module.HumanOmniQwen2ForCausalLM.from_pretrained(folder, config=config)
    with torch.no_grad():
        reference = copy.deepcopy(twin)
        reference.load_state_dict({name: value for name, value in load_file(folder / "reference.safetensors").items() if "pooler" not in name}, strict=False)
        seen["ref_logps"] = log_probabilities(reference, [clip], given)
    # A clip may come as inputs, as features, or as tokens: all the same to what is behind.
    seen["logps"], loss, kl = train(twin, twin.model.encode(clip), seen["ref_logps"], given)
    save_file(gradients(twin), out / "gradients.safetensors")
    shares = {}
    for part in ("decoder", "projectors", "gate", "bert"):
        twin.train_only(part)
        shares[part] = sum(parameter.requires_grad for parameter in twin.parameters())
    with torch.no_grad():
        twin.model.clips = [module.Clip(**dict(zip(("video_tokens", "audio_tokens"), twin.model.media_tokens(clip))))]
        # The adapter names linear layers by their last word, which the towers have as well.
        lora = LoraConfig.from_pretrained(folder / "lora")
        lora.target_modules = rf"model\.layers\.\d+\..*\.({'|'.join(lora.target_modules)})"
        adapted = PeftModel.from_pretrained(twin, folder / "lora", config=lora)
        seen["lora_logps"] = log_probabilities(adapted.base_model.model, twin.model.clips, given)
    save_file(seen, out / "found.safetensors")
    return {"info": differing(info), "greedy": greedy, "loss": loss, "kl": kl, "trained": shares}


def differing(info):
    return sorted(name for keys in ("missing_keys", "unexpected_keys", "mismatched_keys") for name in info[keys])


def check_held(module, folder):
    """Makes of its inputs a case as the golden one is, for the studio to be compared with."""
    given = load_file(folder / "inputs.safetensors")
    clip = clip_of(module.Clip, given)
    twin, info = module.HumanOmniQwen2ForCausalLM.from_pretrained(folder, output_loading_info=True)
    seen, greedy = activations(twin, clip, given)
    seen["logps"], loss, kl = train(twin, clip, None, given)
    save_file(gradients(twin), folder / "grads_grpo.safetensors")
    norm = torch.stack([parameter.grad.norm() for parameter in twin.parameters() if parameter.grad is not None]).norm()
    save_file({**given, **seen, "ref_logps": seen["logps"].clone()}, folder / "case.safetensors")
    case = {"greedy_tokens": greedy, "beta": BETA, "grpo_loss": loss, "mean_kl": kl, "grad_norm": float(norm)}
    (folder / "case.json").write_text(json.dumps(case))
    return differing(info)


def check_names(module, tensors, config):
    """What the twin of the published size asks for beside the published names and shapes, and what of them it neither takes nor passes over."""
    published = {name: tuple(shape) for name, shape in json.loads(tensors.read_text())["tensors"].items()}
    with torch.device("meta"):
        twin = module.HumanOmniQwen2ForCausalLM(module.HumanOmniQwen2Config.from_dict(config))
    asked = {name: tuple(tensor.shape) for name, tensor in twin.state_dict().items()}
    passed = [re.compile(pattern) for pattern in twin._keys_to_ignore_on_load_unexpected]
    left = [name for name in published.keys() - asked.keys() if not any(pattern.search(name) for pattern in passed)]
    wrong = [name for name in asked.keys() & published.keys() if asked[name] != published[name]]
    return {"missing": sorted(asked.keys() - published.keys()), "left": sorted(left), "wrong": wrong, "both": len(asked.keys() & published.keys())}


def check_twin(given, folder):
    sys.path.insert(0, given["python"])
    import humanomni as module

    sys.path.remove(given["python"])

    return {
        "golden": check_golden(module, Path(given["golden"]), folder),
        "processor": check_processor(module, given, folder),
        "held": check_held(module, folder / "held"),
        "published": check_names(module, Path(given["tensors"]), given["config"]),
    }
