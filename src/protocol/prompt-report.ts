/** What the prompts of a data set come to under some settings: their lengths, and the rows that a run leaves out. */
import { counted } from '../math/format.ts';
import { longArray, z } from './shapes.ts';

const refused = z.object({ id: z.string(), message: z.string(), hint: z.string().optional() });
const tooLong = z.object({ id: z.string(), tokens: z.number() });

export const promptReport = z.object({
  /** Rows of the data set, and those that a run asks. */
  rows: z.number(),
  asked: z.number(),
  /** Tokens of the prompts that are asked, media included; absent where none is. */
  tokens: z.object({ shortest: z.number(), median: z.number(), longest: z.number() }).optional(),
  /** Tokens that a prompt may have, by the settings and as a pass on the device holds it. */
  limits: z.object({ set: z.number().optional(), held: z.number().optional() }),
  tooLong: longArray(tooLong),
  /** Rows that the prompt cannot ask, and why. */
  refused: longArray(refused),
  /** What the chat template does, and to how many rows. */
  notes: z.array(z.object({ note: z.string(), rows: z.number() })),
  /** Rows that ask of the same media what a row before them asks; and those of them with another answer. */
  repeated: z.object({ rows: z.number(), contradicting: z.number() }),
});
export type PromptReport = z.infer<typeof promptReport>;

/** What is to be said of them, a sentence each: of lengths first, then of what is left out. */
export function promptLines(report: PromptReport): { lengths: string; warnings: string[] } {
  const { rows, asked, tokens, limits, tooLong, refused, notes, repeated } = report;
  const lengths = tokens
    ? `${asked} of ${counted(rows, 'row')} ${asked === 1 ? 'is' : 'are'} asked, in prompts of ${span(tokens)}.`
    : `None of ${counted(rows, 'row')} is asked.`;
  const most = fewestTokens(limits);
  const whose = most === limits.set ? 'the settings allow' : 'a pass on this device holds';
  return {
    lengths,
    warnings: [
      ...(tooLong.length > 0
        ? [
            `${counted(tooLong.length, 'row')} left out for more than the ${most} tokens that ${whose}, up to ${tooLong.reduce((far, { tokens: length }) => Math.max(far, length), 0)}.`,
          ]
        : []),
      ...(refused.length > 0
        ? [`${counted(refused.length, 'row')} left out: the prompt cannot ask them.`]
        : []),
      ...notes.map(({ note, rows: of }) => (of === asked ? note : `${counted(of, 'row')}: ${note}`)),
      ...(repeated.contradicting > 0
        ? [
            `${counted(repeated.contradicting, 'row')} would be asked what a row before them is asked of the same clip, with another answer.`,
          ]
        : []),
    ],
  };
}

/** Why no run can begin on these prompts, a sentence; undefined where some are asked. */
export function whyNoneIsAsked({ rows, asked, refused, tooLong, limits }: PromptReport): string | undefined {
  if (asked > 0) return undefined;
  const [first] = refused;
  const why =
    tooLong.length > refused.length || !first
      ? `the prompts are longer than the ${fewestTokens(limits)} tokens that they may have.`
      : `${first.message}${first.hint ? ` ${first.hint}` : ''}`;
  return `None of ${counted(rows, 'row')} can be asked: ${why}`;
}

const fewestTokens = ({ set, held }: PromptReport['limits']): number =>
  Math.min(...[set, held].filter((limit) => limit !== undefined));

const span = ({ shortest, median, longest }: NonNullable<PromptReport['tokens']>): string =>
  shortest === longest
    ? `${longest} tokens`
    : `${shortest} to ${longest} tokens, half of them up to ${median}`;
