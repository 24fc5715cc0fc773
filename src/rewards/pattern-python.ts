/** `pattern-tree.ts` and `automaton.ts` in Python, for patterns that `pattern.ts` let through. */
export const PATTERN_PYTHON = String.raw`
_PART = re.compile(
    r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|\[(?:\\.|[^\]\\])*\]|\(\?[:=!]|\{[0-9]+(?:,[0-9]*)?\}|.", re.DOTALL
)
_COUNT = re.compile(r"\{([0-9]+)(,?)([0-9]*)\}")
_COUNTS = {"*": (0, math.inf), "+": (1, math.inf), "?": (0, 1)}
_WORD_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SPACE_SIGN = re.compile(f"[{_SPACE}]")
_HOLDS = {
    "^": lambda before, after: before == "",
    "$": lambda before, after: after == "",
    r"\b": lambda before, after: (before in _WORD_SIGNS) != (after in _WORD_SIGNS),
    r"\B": lambda before, after: (before in _WORD_SIGNS) == (after in _WORD_SIGNS),
}


def _read_choices(rest):
    choices = [_read_row(rest)]
    while rest and rest[-1] == "|":
        rest.pop()
        choices.append(_read_row(rest))
    return ("choices", choices)


def _read_row(rest):
    row = []
    while rest and rest[-1] not in ("|", ")"):
        row.append(_read_repeated(rest))
    return ("row", row)


def _read_repeated(rest):
    repeated = _read_one(rest)
    count = _count(rest[-1]) if rest else None
    if not count:
        return repeated
    rest.pop()
    if rest and rest[-1] == "?":
        rest.pop()
    return ("repeated", repeated, *count)


def _count(part):
    found = _COUNT.fullmatch(part)
    if not found:
        return _COUNTS.get(part)
    least, comma, most = found.groups()
    return int(least), float(most or math.inf) if comma else int(least)


def _read_one(rest):
    part = rest.pop()
    if part[0] != "(":
        return ("part", part)
    inner = _read_choices(rest)
    rest.pop()
    return ("ahead", inner, part == "(?!") if part in ("(?=", "(?!") else inner


def _in_class(sign):
    # A sign that is no white space stands for all of them, which are added beside the class.
    return {r"\s": _SPACE, r"\S": "A"}.get(sign.group(), sign.group())


def _class_taker(part):
    is_not = part.startswith("[^")
    inside = re.compile(re.sub(r"\\.", _in_class, part.replace("[^", "[", 1), flags=re.DOTALL), re.ASCII)
    if r"\S" not in re.findall(r"\\.", part, re.DOTALL):
        return lambda sign: (inside.fullmatch(sign) is None) == is_not
    return lambda sign: (inside.fullmatch(sign) is None and _SPACE_SIGN.fullmatch(sign) is not None) == is_not


def _taker(part):
    if part == ".":
        return lambda sign: sign != "\n"
    if part[0] == "[":
        return _class_taker(part)
    if part == r"\s":
        return lambda sign: _SPACE_SIGN.fullmatch(sign) is not None
    if part == r"\S":
        return lambda sign: _SPACE_SIGN.fullmatch(sign) is None
    if part[0] != "\\":
        return lambda sign: sign == part
    compiled = re.compile(part, re.ASCII)
    return lambda sign: compiled.fullmatch(sign) is not None


class _State:
    """Which nodes begin at a place, and what is then, by the kind of the character before it and the one behind it."""

    def __init__(self, begins):
        self.begins = begins
        self.then = ({}, {}, {})


class _Automaton:
    """Whether a pattern matches somewhere: all ways are followed at once, from the end of the text to its beginning."""

    def __init__(self, tree):
        self.nodes = [("ways", [])]
        self.layers = []
        self.layer = []
        self.start = self.build(tree, 0)
        self.layers.append(self.layer)
        self.forget()

    def forget(self):
        self.end = _State(bytes(len(self.nodes)))
        self.states = {}
        self.notes = 0

    def test(self, text):
        state = self.end
        after = ""
        for before in itertools.chain(reversed(text), [""]):
            kind = 2 if before in _WORD_SIGNS else 1 if before else 0
            state = state.then[kind].get(after) or self.note(state, kind, after)
            if state.begins[self.start]:
                return True
            after = before
        return False

    def add(self, *node):
        self.layer.append(len(self.nodes))
        self.nodes.append(node)
        return len(self.nodes) - 1

    def build(self, tree, following):
        kind, inner = tree[:2]
        if kind == "row":
            return functools.reduce(lambda first, each: self.build(each, first), reversed(inner), following)
        if kind == "choices":
            return self.add("ways", [self.build(each, following) for each in inner])
        if kind == "repeated":
            return self.build_repeated(*tree[1:], following)
        if kind == "ahead":
            outer, self.layer = self.layer, []
            ahead = self.build(inner, 0)
            self.layers.append(self.layer)
            self.layer = outer
            return self.add("ahead", following, ahead, tree[2])
        if inner in _HOLDS:
            return self.add("holds", following, _HOLDS[inner])
        return self.add("takes", following, _taker(inner))

    def build_repeated(self, repeated, least, most, following):
        first = following
        if most == math.inf:
            ways = [following]
            first = self.add("ways", ways)
            ways.append(self.build(repeated, first))
        else:
            for _ in range(least, int(most)):
                first = self.add("ways", [following, self.build(repeated, first)])
        for _ in range(least):
            first = self.build(repeated, first)
        return first

    def note(self, state, kind, after):
        begins = bytes(self.begins(state.begins, ("", " ", "a")[kind], after))
        if len(self.states) > 1000 or self.notes > 20000:
            self.forget()
        found = self.states.setdefault(begins, _State(begins))
        state.then[kind][after] = found
        self.notes += 1
        return found

    def begins(self, later, before, after):
        begins = bytearray(len(self.nodes))
        begins[0] = 1

        def is_begun(kind, following, *more):
            if kind == "ways":
                return any(begins[way] for way in following)
            if kind == "takes":
                return later[following] and after != "" and more[0](after)
            if kind == "holds":
                return begins[following] and more[0](before, after)
            return begins[following] and bool(begins[more[0]]) != more[1]

        for layer in self.layers:
            is_new = True
            while is_new:
                is_new = False
                for at in layer:
                    if not begins[at] and is_begun(*self.nodes[at]):
                        begins[at] = is_new = True
        return begins


@functools.lru_cache
def _common_pattern(pattern):
    return _Automaton(_read_choices(_PART.findall(pattern)[::-1]))
`;
