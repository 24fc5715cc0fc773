/** `readings.ts` and `row-options.ts` in Python. */
import { UNSPACED_RANGES } from './readings.ts';

const ranges = JSON.stringify(UNSPACED_RANGES);

export const READINGS_PYTHON = String.raw`
_JS_FLAGS = re.IGNORECASE | re.ASCII
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL | _JS_FLAGS)
_THINK_TAG = re.compile(r"<think>", _JS_FLAGS)
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")


def _said_answer(text):
    tagged = _ANY_ANSWER.search(text)
    opened = _THINKING.sub(" ", text)
    if tagged is None and _THINK_TAG.search(opened):
        return None
    said = _TRIM.sub("", tagged.group(1) if tagged else opened)
    if "####" in said:
        return _TRIM.sub("", said[said.rindex("####") + 4 :]) or None
    boxed = _BOXED.findall(said)
    return _TRIM.sub("", boxed[-1] if boxed else said) or None


_NUMBER = re.compile(
    r"(?:(?<![\w.)\]])[-−+])?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)"
    rf"(?:[eE][-+]?[0-9]+)?(?:[{_SPACE}]*/[{_SPACE}]*[0-9]+(?:\.[0-9]+)?(?![0-9/]|[{_SPACE}]*/))?"
)
_DECIMAL_COMMA = re.compile(r"[-−+]?[0-9]+,[0-9]{1,2}")
_CURRENCY = re.compile(rf"^[$€£¥][{_SPACE}]*")
_UNIT = re.compile(rf"[{_SPACE}]*(?:%|°)?\.?\Z")


def _number_in(written):
    parts = [float(_TRIM.sub("", part)) for part in written.replace(",", "").replace("−", "-").split("/")]
    divisor = parts[1] if len(parts) > 1 else 1.0
    value = parts[0] / divisor if divisor else math.nan
    return value if math.isfinite(value) else None


def _bare_number(text):
    bare = _UNIT.sub("", _CURRENCY.sub("", _TRIM.sub("", text)))
    if _DECIMAL_COMMA.fullmatch(bare):
        return _number_in(bare.replace(",", "."))
    found = _NUMBER.search(bare)
    return _number_in(bare) if found and found.group() == bare else None


def _read_number(said):
    bare = _bare_number(said)
    if bare is not None:
        return bare
    last = _last_number(said)
    return None if last is None else _number_in(last)


def _last_number(text):
    found = _NUMBER.findall(text)
    return found[-1] if found else None


_TIME = r"(?:\d+:)?\d+:\d+(?:\.\d+)?|\d+(?:\.\d+)?"
_SPAN = re.compile(
    rf"(?<!\d)({_TIME})[{_SPACE}]*(?:(?:s|sec|secs|seconds)[{_SPACE}]*)?(?:-|–|—|~|to|and|until|,)[{_SPACE}]*({_TIME})",
    _JS_FLAGS,
)
_AROUND_SPAN = re.compile(
    rf"^[(\[][{_SPACE}]*|[{_SPACE}]*(?:s|sec|secs|seconds)?[{_SPACE}]*[\])]?\Z", _JS_FLAGS
)


def _seconds(time):
    seconds = 0.0
    for part in time.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def _read_span(text):
    found = _SPAN.findall(text)
    if not found:
        return None
    start, end = map(_seconds, found[-1])
    return (start, end) if start <= end else None


def _bare_span(text):
    bare = _AROUND_SPAN.sub("", _TRIM.sub("", text))
    found = _SPAN.search(bare)
    return _read_span(bare) if found and found.group() == bare else None


def _read_items(text):
    inside = _TRIM.sub("", text)
    if len(inside) > 1 and inside[0] == "[" and inside[-1] == "]":
        inside = inside[1:-1]
    return [item for item in map(_fold, re.split("[,;，、；\n]", inside)) if item]


_LETTERED = re.compile(
    rf"[{_SPACE}]*[(\[]?([A-Za-z]|[1-9](?=[)\].:、][{_SPACE}]))[)\].:、][{_SPACE}]*(.*)", re.DOTALL
)
_LONE_LETTER = re.compile(rf"[{_SPACE}]*[(\[]?([A-Za-z1-9])[)\].:]?[{_SPACE}]*")
_NAMED_LETTER = re.compile(
    rf"\b(?:answer|option|choice)\b(?:[{_SPACE}]+is)?[{_SPACE}]*:?[{_SPACE}]*\(?([A-Z])\b(?![{_SPACE}]+[a-z])",
    _JS_FLAGS,
)
_OTHER_LETTER = re.compile(r"(?<![^\W_])[A-H][).\]:]")
_LETTER_IN_BRACKETS = re.compile(r"\(([A-Z])\)")


def _with_letter(option, place):
    found = _LETTERED.fullmatch(option)
    if found and found.group(2):
        return found.group(1).upper(), _fold(found.group(2))
    return chr(65 + place), _fold(option)


def _read_option(said, options):
    known = [_with_letter(option, place) for place, option in enumerate(options)]

    def fits(letter):
        upper = letter.upper() if letter else None
        is_known = not known or any(upper == other for other, _ in known)
        return upper if is_known else None

    folded = _fold(said)
    equal = [letter for letter, text in known if text == folded and text]
    if len(equal) == 1:
        return equal[0]
    lone, begun = _LONE_LETTER.fullmatch(said), _LETTERED.fullmatch(said)
    if begun and _OTHER_LETTER.search(begun.group(2)):
        begun = None
    whole = lone or begun
    if whole and fits(whole.group(1)):
        return fits(whole.group(1))
    named = _NAMED_LETTER.findall(said)
    bracketed = set(_LETTER_IN_BRACKETS.findall(said))
    letter = fits(named[-1] if named else None)
    if letter is None and len(bracketed) == 1:
        letter = fits(bracketed.pop())
    if letter is not None:
        return letter
    inside = [letter for letter, text in known if text and _holds_words(folded, text)]
    return inside[0] if len(inside) == 1 else None


def _is_word(character):
    return unicodedata.category(character)[0] in "LN" and not _is_unspaced(character)


def _holds_words(text, part):
    at = text.find(part) if part else -1
    while at >= 0:
        before, after = text[:at][-1:], text[at + len(part) : at + len(part) + 1]
        opens = not (before and _is_word(part[0]) and _is_word(before))
        if opens and not (after and _is_word(part[-1]) and _is_word(after)):
            return True
        at = text.find(part, at + 1)
    return False


_UNSPACED = ${ranges}


def _is_unspaced(character):
    at = bisect.bisect_right(_UNSPACED, [ord(character), 0x110000])
    return at > 0 and ord(character) <= _UNSPACED[at - 1][1]


def _rouge_tokens(text):
    tokens, word = [], ""
    for character in text.lower():
        is_single = _is_unspaced(character)
        if not is_single and unicodedata.category(character)[0] in "LNM":
            word += character
            continue
        tokens += [word] if word else []
        tokens += [character] if is_single else []
        word = ""
    return tokens + ([word] if word else [])


def _words(text):
    return [word for word in _SPACES.split(text) if word]


def _as_word(value):
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _is_choice(value):
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _is_blank(value):
    return value is None or (isinstance(value, str) and not _TRIM.sub("", value))


def _column(row, names):
    found = (row[key] for name in names for key in row if key.lower() == name)
    return next((value for value in found if not _is_blank(value)), None)


def _options(row):
    value = _column(row, ("options", "choices", "candidates"))
    if value is None:
        return _columns_of_letters(row)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    if isinstance(value, dict):
        text, label = value.get("text"), value.get("label")
        if isinstance(text, list) and isinstance(label, list) and all(map(_is_choice, text + label)):
            pairs = list(zip(label, text)) if len(text) == len(label) else []
        else:
            pairs = [pair for pair in value.items() if not _is_blank(pair[1])]
            pairs = pairs if all(_is_choice(text) for _, text in pairs) else []
        return [f"{_as_word(letter)}. {_as_word(text)}" for letter, text in pairs]
    if isinstance(value, list) and all(map(_is_choice, value)):
        return [_as_word(word) for word in value]
    return []


def _columns_of_letters(row):
    options = []
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        if _is_blank(row.get(letter)) or not _is_choice(row[letter]):
            break
        options.append(f"{letter}. {_as_word(row[letter])}")
    return options if len(options) > 1 else []
`;
