"""The run's rewards by their names, for grpo.yaml: a reward may be called `math` or `class`, since nothing here uses a name."""

import rewards

globals().update(rewards.FUNCTIONS)
