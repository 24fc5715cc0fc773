/** What tokens can be coloured by: the numbers, why there are none, and how large they are beside the others. Pure. */
import { formatMetric } from '../../math/format.ts';
import { CLIP_NAMES, type TokenValues } from '../../protocol/token-values.ts';
import type { TokenFigure } from '../../protocol/working/token.ts';

export const TOKEN_CHOICES = ['weight', 'logProb', 'entropy', 'kl', 'clip', 'mismatch', 'sampler'] as const;
export type TokenChoice = (typeof TOKEN_CHOICES)[number];

/** An answer's tokens, and its advantage. */
export interface ShownTokens {
  readonly values: TokenValues;
  readonly advantage: number;
}

interface ChoiceText {
  readonly label: string;
  readonly help: string;
}

export const CHOICE_TEXTS: Readonly<Record<TokenChoice, ChoiceText>> = {
  weight: {
    label: 'advantage × ratio',
    help: 'What the loss pushes a token by: up where it is positive, down where it is negative.',
  },
  logProb: {
    label: 'log-probability',
    help: 'Of the policy as it was updated, in nats at the sampling temperature; 0 is certain.',
  },
  entropy: {
    label: 'entropy',
    help: 'How undecided the policy was before it drew the token, in nats.',
  },
  kl: { label: 'KL', help: 'Distance from the reference, as the loss has it.' },
  clip: {
    label: 'clip',
    help: 'Whether the ratio lies beyond the bound of the loss, on the side to which the update pushes it.',
  },
  mismatch: {
    label: 'sampler mismatch',
    help: 'Log-probability by the loss pass less that by the sampler: the same weights, computed in two ways.',
  },
  sampler: { label: 'sampler’s log-probability', help: 'As the token was drawn, in nats.' },
};

/** A number for each token, or the reason why there is none. */
export function numbersOf(choice: TokenChoice, shown: ShownTokens): ArrayLike<number> | string {
  const { pass, sampler, objective } = shown.values;
  if (choice === 'sampler') return sampler;
  if (!pass) {
    return 'This answer went through no pass of the update: all answers of its group earned the same, or it was cut and is masked.';
  }
  if (choice === 'kl') return pass.kl ?? 'The loss has no KL term, as its weight β is 0.';
  if (choice === 'clip') return pass.clips ?? `The loss ${objective.lossType} clips no ratio.`;
  if (choice === 'weight') return pass.ratios.map((ratio) => shown.advantage * ratio);
  return { logProb: pass.logProbs, entropy: pass.entropies, mismatch: pass.mismatches }[choice];
}

/** What is to be known beside the numbers. */
export function noteOf(
  choice: TokenChoice,
  { values: { pass, objective }, advantage }: ShownTokens,
): string | undefined {
  if (!pass) return undefined;
  if (choice === 'kl') return `Estimator ${objective.klEstimator}.`;
  if (choice !== 'weight' && choice !== 'clip') return undefined;
  const once = 'Each batch takes one update, so every ratio is 1';
  if (choice === 'clip') return objective.iterations === 1 ? `${once} and none is clipped.` : undefined;
  if (objective.iterations === 1) return `${once}: all tokens have the advantage, ${tokenNumber(advantage)}.`;
  return objective.level === 'sequence' ? 'All tokens have the ratio of the whole answer.' : undefined;
}

/** With a sign that is no hyphen. */
export const tokenNumber = (value: number): string => formatMetric(value, 3).replaceAll('-', '−');

/** A token's value as text. */
export function valueText(choice: TokenChoice, value: number): string {
  if (choice === 'clip') return value === 0 ? 'not clipped' : `clipped ${CLIP_NAMES[value]}`;
  const text = Number.isNaN(value) ? 'not a number' : tokenNumber(value);
  return (choice === 'weight' || choice === 'mismatch') && value > 0 ? `+${text}` : text;
}

/** Steps of colour from 0 to the greatest magnitude. */
const SHADES = 4;

/** The greatest magnitude among the tokens. */
export function greatest(numbers: ArrayLike<number>): number {
  return Array.from(numbers)
    .filter(Number.isFinite)
    .reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** How a token is coloured: by how much, and to which side. What is not finite stands apart. */
export interface Shade {
  readonly level: number;
  readonly side: 'below' | 'above' | 'broken';
}

export function shadeOf(choice: TokenChoice, value: number, most: number): Shade {
  if (choice === 'clip') {
    return { level: value === 0 ? 0 : SHADES, side: CLIP_NAMES[value] === 'low' ? 'below' : 'above' };
  }
  if (!Number.isFinite(value)) return { level: SHADES, side: 'broken' };
  const level = most === 0 ? 0 : Math.max(0, Math.ceil((SHADES * Math.abs(value)) / most - 1e-6));
  return { level, side: value < 0 ? 'below' : 'above' };
}

/** A sample of a colour with what it stands for. */
export interface LegendEntry {
  readonly text: string;
  readonly shade: Shade;
}

/** Of the numbers that there are: to both sides where they go to both. */
export function legendOf(choice: TokenChoice, numbers: ArrayLike<number>): LegendEntry[] {
  const entry = (value: number): LegendEntry => ({
    text: valueText(choice, value),
    shade: shadeOf(choice, value, most),
  });
  const most = greatest(numbers);
  if (choice === 'clip') return [1, 0, 2].map(entry);
  if (most === 0) return [entry(0)];
  const all = Array.from(numbers);
  const sides = [
    ...(all.some((value) => value < 0) ? [-1, -0.5] : []),
    0,
    ...(all.some((value) => value > 0) ? [0.5, 1] : []),
  ];
  return sides.map((share) => entry(share * most));
}

/** A token's text where it would not be seen. */
export function visibleText(piece: string): string {
  if (piece === '') return '◦';
  return piece.replaceAll('\n', '⏎\n').replaceAll('\t', '⇥\t');
}

/** All that is known of a token, by name, with what its working is asked for by. */
export function readingsOf(
  shown: ShownTokens,
  at: number,
): [name: string, text: string, figure?: TokenFigure][] {
  const { ids, pass } = shown.values;
  const of = (choice: TokenChoice): [string, string, TokenFigure] => {
    const numbers = numbersOf(choice, shown);
    const text = typeof numbers === 'string' ? '–' : valueText(choice, numbers[at]!);
    return [CHOICE_TEXTS[choice].label, text, choice];
  };
  return [
    ['id', String(ids[at])],
    ['probability', pass ? tokenNumber(Math.exp(pass.logProbs[at]!)) : '–', 'probability'],
    ...TOKEN_CHOICES.map(of),
    ['ratio', pass ? tokenNumber(pass.ratios[at]!) : '–', 'ratio'],
    ...(pass?.references
      ? [
          ['reference’s log-probability', tokenNumber(pass.references[at]!), 'reference'] as [
            string,
            string,
            TokenFigure,
          ],
        ]
      : []),
  ];
}
