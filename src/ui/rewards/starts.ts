/** What a new reward begins with: a small one that works, and a test beside it. */
import type { Language, OwnFile } from './own-files.ts';

function script(isTyped: boolean): string {
  const typed = (text: string) => (isTyped ? text : '');
  const given = `interface Given {
  completions: { role: string; content: string }[][];
  solution: (string | null)[];
}

`;
  return `// A reward is a function that is exported; its name is the reward's name.
// Each step calls it once, with all answers of the step. It returns
// a number for each, or null where it does not apply.
${typed(given)}/** 1 where the right label stands anywhere in the answer. */
export function NAME({ completions, solution }${typed(': Given')}) {
  return completions.map(([answer], at) => {
    const label = solution[at]?.toLowerCase();
    if (!label) return null;
    return answer.content.toLowerCase().includes(label) ? 1 : 0;
  });
}

// Functions whose name begins with test run at every edit.
export function testLabels() {
  const answer = (content${typed(': string')}) => [{ role: 'assistant', content }];
  const completions = [answer('She sounds Happy.'), answer('sad')];
  const solution = ['happy', 'happy'];
  assert.equal(NAME({ completions, solution }), [1, 0]);
}
`;
}

const PYTHON = `# A reward is a function that takes completions; its name is the reward's
# name. Each step calls it once, with all answers of the step. It returns
# a number for each, or None where it does not apply.
def NAME(completions, solution, **kwargs):
    """1 where the right label stands anywhere in the answer."""
    scores = []
    for message, label in zip(completions, solution):
        text = message[0]["content"].lower()
        scores.append(float(label.lower() in text) if label else None)
    return scores


# Functions whose name begins with test_ run at every edit.
def test_labels():
    texts = ["She sounds Happy.", "sad"]
    answers = [[{"role": "assistant", "content": text}] for text in texts]
    assert NAME(answers, solution=["happy", "happy"]) == [1.0, 0.0]
`;

const TEXTS: Readonly<Record<Language, string>> = { ts: script(true), js: script(false), py: PYTHON };

/** A new file, whose reward has a name of its own among `taken`. */
export function startingFile(language: Language, taken: readonly string[]): OwnFile {
  let name = 'my_reward';
  for (let count = 2; taken.includes(name); count++) name = `my_reward_${count}`;
  return { name, language, text: TEXTS[language].replaceAll('NAME', name), completions: 'messages' };
}
