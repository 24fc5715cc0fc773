/** An answer token by token, coloured by a value of the person's choice. */
import { useEffect, useState } from 'react';
import { counted, formatBytes } from '../../math/format.ts';
import type { AnswerOf } from '../../protocol/messages.ts';
import { STORED_ERROR, TOKEN_VALUES_BYTES } from '../../protocol/token-values.ts';
import type { TokenFigure } from '../../protocol/working/token.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { Figure } from '../explain/figure.tsx';
import { useStepFacts } from '../explain/step-facts.ts';
import { tokenWorkingOf } from '../explain/workings.ts';
import { useRoving } from '../parts/use-roving.ts';
import { Alternatives } from './alternatives.tsx';
import {
  CHOICE_TEXTS,
  greatest,
  legendOf,
  noteOf,
  numbersOf,
  readingsOf,
  type Shade,
  type ShownTokens,
  shadeOf,
  TOKEN_CHOICES,
  type TokenChoice,
  tokenNumber,
  valueText,
  visibleText,
} from './token-choices.ts';

interface TokenViewProps {
  readonly step: number;
  /** The answer's place among all of the step, and how many there are. */
  readonly place: number;
  readonly answers: number;
  readonly advantage: number;
  readonly exampleId: string;
  readonly colours: TokenColours;
}

/** What tokens are coloured by, for every answer that is opened. */
export interface TokenColours {
  readonly choice: TokenChoice;
  readonly choose: (choice: TokenChoice) => void;
}

type Found = AnswerOf<'tokenValues'> | { readonly refusal: string };

export function TokenView({ step, place, answers, advantage, exampleId, colours }: TokenViewProps) {
  const found = useTokens(step, place);
  if (!found) return <p className="muted">Values of its tokens are being read…</p>;
  if ('refusal' in found) return <p className="muted">{found.refusal}</p>;
  if (!found.values || found.answers !== answers) {
    return <p className="muted">{whyNone(found, step)}</p>;
  }
  if (found.values.ids.length === 0) return <p className="muted">The answer has no tokens.</p>;
  const shown = { values: found.values, advantage };
  return <Tokens {...colours} shown={shown} where={{ step, place, exampleId }} first={found.first ?? step} />;
}

/** What the worker keeps of the answer; undefined until it has told. */
function useTokens(step: number, place: number): Found | undefined {
  const studio = useStudio();
  const runId = useStudioState(({ saved }) => saved?.id);
  const [found, setFound] = useState<Found>();
  useEffect(() => {
    let wanted = true;
    const show = (next: Found) => {
      if (wanted) setFound(next);
    };
    studio
      .ask('tokenValues', { step, answer: place, ...(runId === undefined ? {} : { runId }) })
      .then(show, (error: Error & { hint?: string }) => {
        show({ refusal: [error.message, error.hint].filter(Boolean).join(' ') });
      });
    return () => {
      wanted = false;
    };
  }, [studio, runId, step, place]);
  return found;
}

function whyNone({ first, answers }: AnswerOf<'tokenValues'>, step: number): string {
  if (answers > 0)
    return 'Some answers of this step could not be read, so which values are this one’s is not known.';
  if (first === undefined) {
    return 'No values of tokens are kept of this run: it was trained by an earlier version, or they were not stored.';
  }
  if (step < first) {
    return `Values of tokens take ${formatBytes(TOKEN_VALUES_BYTES)} of a run at most, and the oldest go first: they are kept from step ${first} on.`;
  }
  return 'The values of this step’s tokens are damaged or missing.';
}

/** An answer by its step and its place among all of that. */
interface Where {
  readonly step: number;
  readonly place: number;
  readonly exampleId: string;
}

interface TokensProps extends TokenColours {
  readonly shown: ShownTokens;
  readonly where: Where;
  readonly first: number;
}

function Tokens({ shown, where, first, choice, choose }: TokensProps) {
  const [looked, look] = useState<number>();
  const { pieces } = shown.values;
  const numbers = numbersOf(choice, shown);
  const most = typeof numbers === 'string' ? 0 : greatest(numbers);
  const { list, at, setAt, onKeyDown } = useRoving<HTMLDivElement>(pieces.length, undefined, {
    mark: 'data-token',
    across: true,
  });
  const note = noteOf(choice, shown);
  return (
    <section className="token-view" aria-label="Tokens of the answer" data-testid="token-view">
      <div className="token-choice">
        <label>
          tokens by{' '}
          <select value={choice} onChange={({ target }) => choose(target.value as TokenChoice)}>
            {TOKEN_CHOICES.map((each) => (
              <option key={each} value={each}>
                {CHOICE_TEXTS[each].label}
                {typeof numbersOf(each, shown) === 'string' ? ' (none)' : ''}
              </option>
            ))}
          </select>
        </label>
        {typeof numbers !== 'string' && <Legend choice={choice} numbers={numbers} />}
      </div>
      <p className="muted" data-testid="token-note">
        {typeof numbers === 'string' ? numbers : [CHOICE_TEXTS[choice].help, note].filter(Boolean).join(' ')}
      </p>
      <div
        className="tokens"
        role="listbox"
        aria-label={`${counted(pieces.length, 'token')}, one beside the other`}
        ref={list}
        onKeyDown={onKeyDown}
        onMouseLeave={() => look(undefined)}
      >
        {pieces.map((piece, place) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place.
            key={place}
            className="token"
            role="option"
            aria-selected={place === (looked ?? at)}
            data-token={place}
            tabIndex={place === at ? 0 : -1}
            aria-label={spoken(choice, numbers, piece, place)}
            {...(typeof numbers === 'string' ? {} : shadeData(shadeOf(choice, numbers[place]!, most)))}
            onMouseEnter={() => look(place)}
            onFocus={() => {
              setAt(place);
              look(place);
            }}
          >
            {visibleText(piece)}
          </span>
        ))}
      </div>
      <Reading shown={shown} where={where} at={looked ?? at} />
      <Alternatives {...where} at={looked ?? at} id={shown.values.ids[looked ?? at]!} />
      <p className="muted">
        Numbers are kept as 16-bit floats, within {STORED_ERROR.toExponential(1).replace('-', '−')} of their
        size; of a run at most {formatBytes(TOKEN_VALUES_BYTES)}, the oldest steps’ first to go: now from step{' '}
        {first} on.
      </p>
    </section>
  );
}

const shadeData = ({ level, side }: Shade) => ({ 'data-level': level, 'data-side': side });

/** A token as a screen reader says it. */
function spoken(
  choice: TokenChoice,
  numbers: ArrayLike<number> | string,
  piece: string,
  place: number,
): string {
  const text = piece.trim() === '' ? (piece === '' ? 'part of a character' : 'white space') : piece;
  const value = typeof numbers === 'string' ? '' : `: ${valueText(choice, numbers[place]!)}`;
  return `${text}${value}`;
}

function Legend({ choice, numbers }: { readonly choice: TokenChoice; readonly numbers: ArrayLike<number> }) {
  return (
    <ul className="token-legend number" aria-label="What the colours stand for">
      {legendOf(choice, numbers).map(({ text, shade }) => (
        <li key={text}>
          <span className="token" aria-hidden="true" {...shadeData(shade)}>
            ab
          </span>{' '}
          {text}
        </li>
      ))}
    </ul>
  );
}

/** What the token added to the loss. */
function lossReading(
  { values }: ShownTokens,
  { place }: Pick<Where, 'place'>,
  at: number,
  facts: ReturnType<typeof useStepFacts>,
): [name: string, text: string, figure: TokenFigure] {
  const working =
    typeof facts === 'object' ? tokenWorkingOf({ place, at, figure: 'loss', values }, facts) : undefined;
  const line = working?.lines.at(-1);
  return ['part of the loss', line ? tokenNumber(line.value) : '–', 'loss'];
}

/** All values of the token that is pointed at or has the focus. */
function Reading({
  shown,
  where,
  at,
}: {
  readonly shown: ShownTokens;
  readonly where: Where;
  readonly at: number;
}) {
  const facts = useStepFacts(where.step);
  const { pieces } = shown.values;
  return (
    <dl className="token-reading" data-testid="token-reading">
      <div>
        <dt>
          token {at + 1} of {pieces.length}
        </dt>
        <dd>
          <code>{JSON.stringify(pieces[at])}</code>
        </dd>
      </div>
      {[...readingsOf(shown, at), lossReading(shown, where, at, facts)].map(([name, text, figure]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="number">
            {figure === undefined ? (
              text
            ) : (
              <Figure
                name={name}
                of={{ kind: 'token', step: where.step, place: where.place, at, figure, values: shown.values }}
              >
                {text}
              </Figure>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
