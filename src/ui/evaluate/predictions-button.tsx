import type { EvalResult } from '../../protocol/messages.ts';
import { predictionLines } from '../../protocol/predictions.ts';
import { saveFile } from '../parts/save-file.ts';

/** Hands out the answers of one evaluation as lines of JSON; those of every evaluation of a run are in its export. */
export function PredictionsButton({ result }: { result: EvalResult }) {
  const isWhole = result.clips.every(({ answers }) => answers.every(({ text }) => text !== undefined));
  if (!isWhole) {
    return (
      <p className="muted">
        The texts of these answers are no longer at hand; predictions.jsonl of the export has them.
      </p>
    );
  }
  const save = () => {
    const lines = predictionLines(result).map((line) => `${JSON.stringify(line)}\n`);
    saveFile(
      new Blob(lines, { type: 'application/jsonl' }),
      `predictions-step-${result.step}-${result.split}.jsonl`,
    );
  };
  return (
    <p>
      <button type="button" data-testid="save-predictions" onClick={save}>
        Save predictions.jsonl
      </button>{' '}
      <span className="muted">
        a line for each answer: question, right answer, text, what was read, score
      </span>
    </p>
  );
}
