/**
 * Porter's stemmer (Porter, "An algorithm for suffix stripping", 1980) with the deviations that NLTK's PorterStemmer has
 * by default, as Google's rouge_score uses it. Words are lower-case ASCII letters and digits. Rules are data, which the
 * program in Python below reads, too.
 */

/** Pairs of "what>becomes what", in the order in which they are tried. */
type Rules = readonly (readonly [ending: string, replacement: string])[];
const rules = (pairs: string): Rules =>
  pairs.split(' ').map((pair) => {
    const [ending = '', replacement = ''] = pair.split('>');
    return [ending, replacement];
  });

/** Words that no rule gets right. */
const IRREGULAR: Readonly<Record<string, string>> = Object.fromEntries(
  rules(
    'skies>sky sky>sky dying>die lying>lie tying>tie news>news innings>inning inning>inning outings>outing outing>outing ' +
      'cannings>canning canning>canning howe>howe proceed>proceed exceed>exceed succeed>succeed',
  ),
);
const PLURALS = rules('sses>ss ies>i ss>ss s>');
/** Step 2, where the measure of what stands before is above 0. */
const DOUBLE_SUFFIXES = rules(
  'ational>ate tional>tion enci>ence anci>ance izer>ize bli>ble alli>al entli>ent eli>e ousli>ous ization>ize ation>ate ' +
    'ator>ate alism>al iveness>ive fulness>ful ousness>ous aliti>al iviti>ive biliti>ble fulli>ful logi>log',
);
/** Step 3, under the same condition. */
const SUFFIXES = rules('icate>ic ative> alize>al iciti>ic ical>ic ful> ness>');
/** Step 4: dropped where the measure is above 1; of `ion` also only behind s or t. */
const ENDINGS = 'al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize'.split(' ');

/** A word's letters as `c` (consonant) and `v` (vowel): y is the opposite of what stands before it, and a consonant at the start. */
function shape(word: string): string {
  let found = '';
  for (const letter of word) {
    const isVowel = 'aeiou'.includes(letter) || (letter === 'y' && found.endsWith('c'));
    found += isVowel ? 'v' : 'c';
  }
  return found;
}

/** Porter's m: how often a consonant follows a vowel. */
const measure = (word: string): number => shape(word).split('vc').length - 1;

/** Consonant, vowel, consonant other than w, x, y at the end; or a word of a vowel and a consonant. */
const endsShort = (word: string): boolean =>
  (shape(word).endsWith('cvc') && !/[wxy]$/.test(word)) || shape(word) === 'vc';

function replaced(word: string, tried: Rules, least: number): string {
  const [suffix = '', replacement = ''] = tried.find(([end]) => word.endsWith(end)) ?? [];
  const before = word.slice(0, word.length - suffix.length);
  // The l of -logi counts as part of what stands before it.
  return measure(suffix === 'logi' ? `${before}l` : before) >= least ? before + replacement : word;
}

function withoutPast(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const before = /^(.*)(?:ed|ing)$/.exec(word)?.[1];
  if (before === undefined || !shape(before).includes('v')) return word;
  if (/(?:at|bl|iz)$/.test(before)) return `${before}e`;
  if (/(.)\1$/.test(before) && shape(before).endsWith('c'))
    return /[lsz]$/.test(before) ? before : before.slice(0, -1);
  return measure(before) === 1 && endsShort(before) ? `${before}e` : before;
}

function derived(word: string): string {
  if (word.endsWith('alli') && measure(word.slice(0, -4)) > 0) return derived(word.slice(0, -2));
  return replaced(word, DOUBLE_SUFFIXES, 1);
}

function withoutEnding(word: string): string {
  const ending = ENDINGS.find((end) => word.endsWith(end));
  if (ending === undefined) return word;
  const before = word.slice(0, word.length - ending.length);
  return measure(before) > 1 && (ending !== 'ion' || /[st]$/.test(before)) ? before : word;
}

function tidied(word: string): string {
  const before = word.slice(0, -1);
  const isSilent =
    word.endsWith('e') && (measure(before) > 1 || (measure(before) === 1 && !endsShort(before)));
  const bare = isSilent ? before : word;
  return bare.endsWith('ll') && measure(bare.slice(0, -1)) > 1 ? bare.slice(0, -1) : bare;
}

/** The stem of a lower-case word. */
export function stem(word: string): string {
  if (Object.hasOwn(IRREGULAR, word)) return IRREGULAR[word]!;
  if (word.length <= 2) return word;
  const singular = /^.ies$/.test(word) ? word.slice(0, -1) : replaced(word, PLURALS, 0);
  const present = withoutPast(singular);
  const bare = present.slice(0, -1);
  const folded = present.endsWith('y') && bare.length > 1 && shape(bare).endsWith('c') ? `${bare}i` : present;
  return tidied(withoutEnding(replaced(derived(folded), SUFFIXES, 1)));
}

export const STEM_PYTHON = `
_IRREGULAR = ${JSON.stringify(IRREGULAR)}
_PLURALS = ${JSON.stringify(PLURALS)}
_DOUBLE_SUFFIXES = ${JSON.stringify(DOUBLE_SUFFIXES)}
_SUFFIXES = ${JSON.stringify(SUFFIXES)}
_ENDINGS = ${JSON.stringify(ENDINGS)}


def _shape(word):
    found = ""
    for letter in word:
        found += "v" if letter in "aeiou" or (letter == "y" and found.endswith("c")) else "c"
    return found


def _measure(word):
    return _shape(word).count("vc")


def _ends_short(word):
    return (_shape(word).endswith("cvc") and word[-1] not in "wxy") or _shape(word) == "vc"


def _replaced(word, rules, least):
    suffix, replacement = next((rule for rule in rules if word.endswith(rule[0])), ("", ""))
    before = word[: len(word) - len(suffix)]
    is_long = _measure(before + "l" if suffix == "logi" else before) >= least
    return before + replacement if is_long else word


def _without_past(word):
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    found = re.fullmatch("(.*)(?:ed|ing)", word)
    before = found.group(1) if found else ""
    if "v" not in _shape(before):
        return word
    if before.endswith(("at", "bl", "iz")):
        return before + "e"
    if len(before) > 1 and before[-1] == before[-2] and _shape(before).endswith("c"):
        return before if before[-1] in "lsz" else before[:-1]
    return before + "e" if _measure(before) == 1 and _ends_short(before) else before


def _derived(word):
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        return _derived(word[:-2])
    return _replaced(word, _DOUBLE_SUFFIXES, 1)


def _without_ending(word):
    ending = next((end for end in _ENDINGS if word.endswith(end)), None)
    if ending is None:
        return word
    before = word[: len(word) - len(ending)]
    is_long = _measure(before) > 1 and (ending != "ion" or before[-1] in "st")
    return before if is_long else word


def _tidied(word):
    before = word[:-1]
    m = _measure(before)
    if word.endswith("e") and (m > 1 or (m == 1 and not _ends_short(before))):
        word = before
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _stem(word):
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    is_short_ies = len(word) == 4 and word.endswith("ies")
    word = _without_past(word[:-1] if is_short_ies else _replaced(word, _PLURALS, 0))
    bare = word[:-1]
    if word.endswith("y") and len(bare) > 1 and _shape(bare).endswith("c"):
        word = bare + "i"
    return _tidied(_without_ending(_replaced(_derived(word), _SUFFIXES, 1)))
`;
