/** A figure of the page whose working is asked for. */
import type { MetricKey } from '../../protocol/metrics.ts';
import type { TokenValues } from '../../protocol/token-values.ts';
import type { TokenFigure } from '../../protocol/working/token.ts';

/** What an answer's row shows of it. */
export type AnswerFigure = 'total' | 'advantage' | 'length' | 'kl' | { readonly reward: string };

export type FigureOf =
  | { readonly kind: 'metric'; readonly step: number; readonly key: MetricKey }
  /** `place`: among all answers of the step. */
  | { readonly kind: 'answer'; readonly step: number; readonly place: number; readonly figure: AnswerFigure }
  | {
      readonly kind: 'token';
      readonly step: number;
      readonly place: number;
      readonly at: number;
      readonly figure: TokenFigure;
      readonly values: TokenValues;
    };

export interface Asked {
  /** What the figure is called where it stands, and what it shows there. */
  readonly name: string;
  readonly shown: string;
  readonly of: FigureOf;
}
