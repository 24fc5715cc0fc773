/** `src/math/overlap.ts` in Python. */
export const OVERLAP_PYTHON = `
def _longest_common(a, b):
    above = [0] * (len(b) + 1)
    for token in a:
        row = [0]
        for j, other in enumerate(b):
            row.append(above[j] + 1 if token == other else max(above[j + 1], row[j]))
        above = row
    return above[-1]


def _edit_distance(a, b):
    above = list(range(len(b) + 1))
    for i, token in enumerate(a):
        row = [i + 1]
        for j, other in enumerate(b):
            row.append(min(above[j] + (token != other), above[j + 1] + 1, row[j] + 1))
        above = row
    return above[-1]


def _f_measure(common, gold, said):
    return 0.0 if common == 0 else 2 * common / (gold + said)


def _rouge_n(gold, said, n):
    wanted = Counter(zip(*(gold[i:] for i in range(n))))
    given = Counter(zip(*(said[i:] for i in range(n))))
    return _f_measure(sum((wanted & given).values()), sum(wanted.values()), sum(given.values()))


def _rouge_l_of(gold, said):
    return _f_measure(_longest_common(gold, said), len(gold), len(said))


def _word_error_rate(gold, said):
    return _edit_distance(gold, said) / max(1, len(gold))


def _set_f1_of(gold, said):
    return _f_measure(len(set(gold) & set(said)), len(set(gold)), len(set(said)))


def _span_iou_of(gold, said):
    shared = max(0.0, min(gold[1], said[1]) - max(gold[0], said[0]))
    union = gold[1] - gold[0] + (said[1] - said[0]) - shared
    return shared / union if union > 0 else float(gold[0] == said[0])
`;
