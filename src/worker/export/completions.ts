import type { FileToWrite } from '../../io/writing/file-to-write.ts';
import type { Config } from '../../protocol/config.ts';
import type { Completion } from '../../protocol/messages.ts';
import { optimizerSteps } from '../../protocol/trl-settings.ts';

/** A line of rollouts.jsonl. */
type Line = Completion & { readonly step: number; readonly exampleId: string; readonly label: string };

const NEWLINE = 10;

/** What was asked about an example, and its clip, if it has one. */
interface Asked {
  readonly prompt: string;
  readonly video?: string;
}

/** TRL's table of completions, one file a step, out of the run's log of answers; columns as `log_completions` has them. */
export async function completionFiles(
  log: Blob,
  config: Config,
  askedOf: (exampleId: string) => Asked,
): Promise<FileToWrite[]> {
  const ranges = await stepRanges(log);
  return ranges.map(({ step, start, end }) => {
    const number = String(optimizerSteps(config, step)).padStart(5, '0');
    return {
      path: `completions/completions_${number}.jsonl`,
      bytes: end - start,
      async *pieces() {
        const lines = (await log.slice(start, end).text()).trimEnd().split('\n');
        const rows = lines.map((line) =>
          JSON.stringify(row(JSON.parse(line) as Line, Number(number), askedOf)),
        );
        yield new TextEncoder().encode(`${rows.join('\n')}\n`);
      },
    };
  });
}

function row(line: Line, step: number, askedOf: (exampleId: string) => Asked): object {
  const { text, rewards, advantage, exampleId, label, extras = {} } = line;
  const { prompt, ...clip } = askedOf(exampleId);
  const known = { step, prompt, completion: text, ...rewards, advantage, solution: label, ...clip };
  const logged = Object.entries(extras).filter(([column]) => !Object.hasOwn(known, column));
  return { ...known, ...Object.fromEntries(logged) };
}

interface StepRange {
  readonly step: number;
  readonly start: number;
  end: number;
}

/** Where each step's lines lie in the log, in bytes; it is read as a stream. */
async function stepRanges(log: Blob): Promise<StepRange[]> {
  const ranges: StepRange[] = [];
  for await (const { line, start, end } of lines(log)) {
    const { step } = JSON.parse(line) as Line;
    const last = ranges.at(-1);
    if (last?.step === step) last.end = end;
    else ranges.push({ step, start, end });
  }
  return ranges;
}

async function* lines(log: Blob): AsyncGenerator<{ line: string; start: number; end: number }> {
  const decoder = new TextDecoder();
  let rest = new Uint8Array();
  let start = 0;
  for await (const chunk of log.stream()) {
    const bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      yield { line: decoder.decode(bytes.subarray(at, end)), start, end: start + end + 1 - at };
      start += end + 1 - at;
      at = end + 1;
    }
    rest = bytes.slice(at);
  }
}
