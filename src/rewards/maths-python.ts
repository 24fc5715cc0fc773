/** `maths.ts` in Python. */
import { SPELLINGS } from './maths.ts';

const spellings = SPELLINGS.map(([pattern, replacement]) => `    (r"${pattern}", "${replacement}"),\n`).join(
  '',
);

export const MATHS_PYTHON = `
# Integers, decimals, fractions, per cent, powers, roots, pi and algebra in letters; math_verify and sympy read more.
_SPELLINGS = (
${spellings})
${String.raw`_THOUSANDS = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")
_TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+|frac|sqrt|pi|[A-Za-z]|[-+*/^%(){}[\]]")
_WORD = re.compile(r"(?<![A-Za-z])(?!(?:frac|sqrt|pi)(?![A-Za-z]))[A-Za-z]{3}")
_DEEPEST = 30


def _read_maths(text):
    if len(text) > 300:
        return None
    plain = text
    for pattern, replacement in _SPELLINGS:
        plain = re.sub(pattern, lambda _, to=replacement: to, plain)
    plain = _THOUSANDS.sub(lambda number: number.group().replace(",", ""), plain)
    plain = re.sub(r"\.?[ \t\r\n]*\Z", "", re.sub(r"^[ \t\r\n]*[A-Za-z][ \t\r\n]*=", "", plain), count=1)
    tokens = None if _WORD.search(plain) else _maths_tokens(plain)
    return tokens if tokens is not None and _Evaluation(tokens, 0).value() is not None else None


def _is_number(token):
    return token is not None and token[0] in ".0123456789"


def _maths_tokens(plain):
    tokens, digits, at = [], 0, 0
    while at < len(plain):
        if plain[at] in " \t\r\n":
            at += 1
            continue
        found = _TOKEN.match(plain, at)
        if found is None:
            return None
        token = found.group()[:1] if digits > 0 and _is_number(found.group()) else found.group()
        digits = 2 if token == "frac" else digits - 1 if _is_number(token) else 0
        tokens.append(token)
        at += len(token)
    return tokens


def _finite(value):
    return value if math.isfinite(value) else math.nan


def _raised(base, exponent):
    if not (math.isfinite(base) and math.isfinite(exponent)):
        return math.nan
    try:
        return _finite(math.pow(base, exponent))
    except (ValueError, OverflowError):
        return math.nan


class _Unreadable(Exception):
    pass


class _Evaluation:
    def __init__(self, tokens, point):
        self.tokens, self.point, self.at, self.depth = tokens, point, 0, 0

    def value(self):
        try:
            value = self.sum()
        except _Unreadable:
            return None
        return _finite(value) if self.at == len(self.tokens) else None

    @property
    def next(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, token):
        if self.next != token:
            return False
        self.at += 1
        return True

    def sum(self):
        value = self.product()
        while True:
            if self.take("+"):
                value += self.product()
            elif self.take("-"):
                value -= self.product()
            else:
                return value

    def product(self):
        value = self.signed()
        while True:
            if self.take("*"):
                value *= self.signed()
            elif self.take("/"):
                value = self.ratio(value, self.signed())
            elif self.next and (self.next.isalpha() or self.next in "({"):
                value *= self.power()
            else:
                return value

    def ratio(self, above, below):
        return _finite(above / below) if below else math.nan

    def signed(self):
        sign = 1
        while True:
            if self.take("-"):
                sign = -sign
            elif not self.take("+"):
                return sign * self.power()

    def power(self):
        base = self.atom()
        while self.take("%"):
            base /= 100
        return _raised(base, self.nested(self.exponent)) if self.take("^") else base

    def exponent(self):
        return -self.power() if self.take("-") else self.power()

    def nested(self, read):
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _Unreadable
        value = read()
        self.depth -= 1
        return value

    def atom(self):
        if self.take("("):
            return self.up_to(")")
        if self.take("{"):
            return self.up_to("}")
        if self.take("pi"):
            return math.pi
        if self.take("frac"):
            return self.nested(self.fraction)
        if self.take("sqrt"):
            return self.nested(self.root)
        token = self.next
        self.at += 1
        if token is not None and token.isalpha():
            value = ((ord(token) * 7 + self.point * 13) % 59 + 2) / 17
            return value if self.point % 2 == 0 else -value
        if not _is_number(token):
            raise _Unreadable
        is_mixed = token.isdecimal() and self.take("frac")
        return float(token) + (self.nested(self.fraction) if is_mixed else 0)

    def up_to(self, bracket):
        value = self.nested(self.sum)
        if not self.take(bracket):
            raise _Unreadable
        return value

    def fraction(self):
        above = self.atom()
        return self.ratio(above, self.atom())

    def root(self):
        degree = self.up_to("]") if self.take("[") else 2
        value = self.atom()
        if degree != 2:
            return _raised(value, self.ratio(1, degree))
        return _finite(math.sqrt(value)) if value >= 0 else math.nan


def _whole_number(tokens):
    found = re.fullmatch("(-?)0*([0-9]+)", "".join(tokens))
    if found is None:
        return None
    return "0" if found.group(2) == "0" else found.group(1) + found.group(2)


def _is_same_maths(gold, said, tolerance):
    wanted, given = _whole_number(gold), _whole_number(said)
    if wanted is not None and given is not None:
        return wanted == given
    compared = 0
    for point in range(5):
        a, b = _Evaluation(gold, point).value(), _Evaluation(said, point).value()
        if math.isnan(a) and math.isnan(b):
            continue
        if not abs(a - b) <= max(1e-12, tolerance * max(abs(a), abs(b))):
            return False
        compared += 1
    return compared > 0


_DELIMITED = re.compile(r"\$\$?([^$]+)\$\$?|\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)


def _written_maths(text):
    said = text.split("####")[-1]
    boxed = _boxed_maths(said)
    if boxed is not None:
        return boxed
    found = _DELIMITED.findall(said)
    return "".join(found[-1]) if found else said


def _boxed_maths(text):
    start = text.rfind(r"\boxed{") + 7
    depth = 1 if start >= 7 else 0
    for at in range(start, len(text) if depth else 0):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start:at]
    return None
`}`;
