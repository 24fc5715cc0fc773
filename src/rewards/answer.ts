/** What an answer says: read out of a completion, folded, and matched to a label. */

/** Words of the same emotion in the noun and adjective forms that data sets mix. */
export const SYNONYMS: Readonly<Record<string, string>> = {
  anger: 'angry',
  happiness: 'happy',
  sadness: 'sad',
  contempt: 'contemptuous',
  anxiety: 'anxious',
  helplessness: 'helpless',
  disappointment: 'disappointed',
  fearful: 'fear',
  surprised: 'surprise',
};

const ANY_ANSWER = /<answer>([\s\S]*?)<\/answer>/i;
const NO_WORD = /^[\s\p{P}\p{S}]$/u;

/** The answer between the first answer tags (over several lines too), trimmed; the whole text, trimmed, without tags. */
export function readAnswer(text: string): string {
  return (ANY_ANSWER.exec(text)?.[1] ?? text).trim();
}

/** Without punctuation, symbols and white space at either end; in time that grows with the length alone. */
function withoutOuterMarks(text: string): string {
  const characters = [...text];
  const first = characters.findIndex((character) => !NO_WORD.test(character));
  const last = characters.findLastIndex((character) => !NO_WORD.test(character));
  return first < 0 ? '' : characters.slice(first, last + 1).join('');
}

/** An answer without case, outer punctuation and doubled spaces, in the adjective of its emotion. */
export function foldAnswer(answer: string): string {
  const folded = withoutOuterMarks(answer.normalize('NFKC').toLowerCase()).replace(/\s+/g, ' ');
  return Object.hasOwn(SYNONYMS, folded) ? SYNONYMS[folded]! : folded;
}

/**
 * Which of `labels` an answer means: exactly, or after folding; null when none (or only ambiguously) fits.
 * For evaluation, the confusion matrix and the completions table.
 */
export function matchLabel(answer: string, labels: readonly string[]): string | null {
  if (labels.includes(answer)) return answer;
  const folded = foldAnswer(answer);
  const fitting = labels.filter((label) => foldAnswer(label) === folded);
  return fitting.length === 1 ? fitting[0]! : null;
}

/** The functions above in Python, for the tolerant rewards. */
export const ANSWER_PYTHON = String.raw`
# White space of JavaScript, which the tolerant rewards go by; Python's own set differs in five characters.
_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_ANY_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE | re.ASCII)
_SPACES = re.compile(f"[{_SPACE}]+")
_TRIM = re.compile(f"^[{_SPACE}]+|[{_SPACE}]+\\Z")
_SYNONYMS = ${JSON.stringify(SYNONYMS, null, 4).replace('"\n}', '",\n}')}


def _read_answer(text):
    found = _ANY_ANSWER.search(text)
    return _TRIM.sub("", found.group(1) if found else text)


def _is_outer(character):
    return unicodedata.category(character)[0] in "PS" or _SPACES.fullmatch(character) is not None


def _fold(answer):
    folded = unicodedata.normalize("NFKC", answer).lower()
    start, end = 0, len(folded)
    while start < end and _is_outer(folded[start]):
        start += 1
    while end > start and _is_outer(folded[end - 1]):
        end -= 1
    folded = _SPACES.sub(" ", folded[start:end])
    return _SYNONYMS.get(folded, folded)
`;
