"""HumanOmni for transformers: AutoConfig and AutoModelForCausalLM know it once this is imported."""

from transformers import AutoConfig, AutoModelForCausalLM

from .configuration_humanomni import HumanOmniQwen2Config
from .modeling_humanomni import Clip, HumanOmniQwen2ForCausalLM
from .processing_humanomni import HumanOmniProcessor

AutoConfig.register("HumanOmni_qwen2", HumanOmniQwen2Config)
AutoModelForCausalLM.register(HumanOmniQwen2Config, HumanOmniQwen2ForCausalLM)

__all__ = ["Clip", "HumanOmniQwen2Config", "HumanOmniProcessor", "HumanOmniQwen2ForCausalLM"]
