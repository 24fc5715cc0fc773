

_SENTENCE_ENDS = ".!?"
_THINKING = re.compile(r"<think>(.*?)</think>", re.DOTALL)
_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_MAFW = {"angry": "anger", "sad": "sadness", "anxious": "anxiety", "helpless": "helplessness", "disappointed": "disappointment"}
# Tokens of the longest text that is scored, where a model has positions for more.
_MOST_TOKENS = 4096


class _Classifier:
    """A sequence classifier in reward_models/NAME, loaded by transformers at its first call; its numbers are float32 as in the studio."""

    def __init__(self, name, source):
        self.folder = Path(__file__).resolve().with_name("reward_models") / name
        self.model = None
        if not (self.folder / "config.json").exists():
            raise RuntimeError(
                f"The reward {name} is a model, and {self.folder} has no config.json: put the files of {source} there "
                "(config.json, tokenizer and weights)."
            )

    def load(self):
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.torch = torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.tokenizer = AutoTokenizer.from_pretrained(self.folder)
        self.model = AutoModelForSequenceClassification.from_pretrained(self.folder).float().to(self.device).eval()
        config = self.model.config
        self.labels = [config.id2label[number] for number in range(config.num_labels)]
        # RoBERTa counts its positions from behind the padding's.
        offset = config.pad_token_id + 1 if config.model_type == "roberta" else 0
        self.most = min(_MOST_TOKENS, config.max_position_embeddings - offset, self.tokenizer.model_max_length)

    def logits(self, text, special, most):
        """None for a text of no token."""
        cut = min(most or self.most, self.most)
        ids = self.tokenizer(text, add_special_tokens=special, truncation=True, max_length=cut)["input_ids"]
        if not ids:
            return None
        with self.torch.no_grad():
            return self.model(input_ids=self.torch.tensor([ids], device=self.device)).logits[0].tolist()

    def chat(self, prompt, completion):
        """Prompt and answer as one text, and whether the tokenizer puts its own tokens around it."""
        if isinstance(prompt, str):
            return prompt + completion, True
        turns = [{"role": turn["role"], "content": _spoken(turn["content"])} for turn in prompt]
        turns.append({"role": "assistant", "content": completion})
        if self.tokenizer.chat_template:
            return self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=False), False
        return "\n".join(turn["content"] for turn in turns), True


def _spoken(content):
    return content if isinstance(content, str) else "".join(part.get("text") or "" for part in content)


def _sentences(thinking):
    """Cut at white space behind . ! or ? that is not inside double quotes."""
    cuts, quotes = [], 0
    for at in range(len(thinking) - 1, 0, -1):
        quotes += thinking[at] == '"'
        if quotes % 2 == 0 and thinking[at].isspace() and thinking[at - 1] in _SENTENCE_ENDS:
            cuts.insert(0, at)
    parts = [thinking[start:end].strip() for start, end in zip([0, *cuts], [*cuts, len(thinking)])]
    return [part for part in parts if part]


def _read_parts(kind, completion):
    if kind == "answer":
        return [_read_answer(completion)]
    if kind not in ("thinking", "sentences"):
        return [completion]
    found = _THINKING.search(completion)
    thinking = found.group(1).strip() if found else None
    if kind == "sentences":
        return _sentences(thinking or "")
    return [] if thinking is None else [thinking]


def _mafw(answer):
    found = _TAGGED.search(answer)
    plain = (found.group(1) if found else answer).strip().lower().replace("\n", "")
    if "happy" in plain:
        return "happiness"
    return "contempt" if "contemptuous" in plain else _MAFW.get(plain, plain)


def _number(label, labels):
    return label if isinstance(label, int) else labels.index(label)


def _target(mapping, answer, labels):
    """The number of the label that counts; None where the row has no answer."""
    label = mapping["label"]
    if not isinstance(label, dict):
        return _number(label, labels)
    if answer is None:
        return None
    read = _mafw if mapping["answers"] == "mafw" else lambda text: _fold(_read_answer(text))
    wanted, known = read(answer), label["byAnswer"]
    key = next((each for each in known if each == wanted or read(each) == wanted), None)
    if key is not None:
        return _number(known[key], labels)
    alike = [wanted] if wanted in labels else [each for each in labels if _fold(each) == _fold(wanted)]
    if len(alike) != 1:
        raise ValueError(f"The answer {answer!r} stands for no label of the model; it has {', '.join([*known, *labels][:12])}.")
    return labels.index(alike[0])


def _activated(activation, logits):
    if activation == "sigmoid":
        return [0.5 * (1 + math.tanh(logit / 2)) for logit in logits]
    if activation == "softmax":
        most = max(logits)
        powers = [math.exp(logit - most) for logit in logits]
        total = sum(powers)
        return [power / total for power in powers]
    return logits


def _kept(scores, mapping):
    """Labels above the threshold, or else the highest; the highest first, and so many at most."""
    order = sorted(range(len(scores)), key=lambda label: -scores[label])
    above = [label for label in order if mapping["threshold"] is None or scores[label] > mapping["threshold"]]
    return (above or order[:1])[: mapping["topK"]]


def _mapped(mapping, texts, target, labels):
    if target is None:
        return None
    scores = [_activated(mapping["activation"], logits) for logits in texts if logits is not None]
    if mapping["take"] == "mean":
        return sum(of[target] for of in scores) / len(scores) if scores else None
    kept = [_kept(of, mapping) for of in scores]
    aside = None if mapping["neutral"] is None else _number(mapping["neutral"], labels)
    counted = kept if target == aside else [of for of in kept if of != [aside]]
    return sum(target in of for of in kept) / len(counted) if counted else 0.0


def _model(name, source, mapping):
    """A model that scores, by the mapping that the run had."""
    scorer = _Classifier(name, source)

    def one(prompt, text, answer):
        if mapping["text"] == "chat":
            read = [scorer.chat(prompt, text)]
        else:
            read = [(part, True) for part in _read_parts(mapping["text"], text)]
        logits = [scorer.logits(part, special, mapping["maxTokens"]) for part, special in read]
        return _mapped(mapping, logits, _target(mapping, answer, scorer.labels), scorer.labels)

    def reward(completions, prompts=None, solution=None, **columns):
        if scorer.model is None:
            scorer.load()
        texts = _texts(completions)
        nothing = [None] * len(texts)
        return [one(*each) for each in zip(prompts or [""] * len(texts), texts, solution or nothing)]

    _named(name, reward, lambda text, about: reward([text], solution=[about.label])[0])
