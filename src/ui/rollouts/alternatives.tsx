/** What else could have stood in a token's place, by the weights that are on the device now. Asked for, and then known for the whole answer. */
import { useState } from 'react';
import { formatPercent } from '../../math/format.ts';
import type { AnswerOf } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import type { Studio } from '../../store/studio.ts';
import { fire } from '../parts/fire.ts';
import { visibleText } from './token-choices.ts';

interface AlternativesProps {
  readonly step: number;
  /** The answer's place among all of the step. */
  readonly place: number;
  readonly exampleId: string;
  /** The token that is looked at, and its id. */
  readonly at: number;
  readonly id: number;
}

type Known = AnswerOf<'alternatives'> | { readonly refusal: string };

/** What was asked for is kept until the page is left: the worker is asked once for an answer, and again when the person wants it. */
const answered = new WeakMap<Studio, Map<string, Known>>();

function useAlternatives({ step, place, exampleId }: Omit<AlternativesProps, 'at' | 'id'>) {
  const studio = useStudio();
  const runId = useStudioState(({ saved }) => saved?.id);
  const known = answered.get(studio) ?? new Map<string, Known>();
  answered.set(studio, known);
  const key = `${runId ?? ''}/${step}/${place}/${exampleId}`;
  const [asking, setAsking] = useState<string>();
  const ask = () => {
    setAsking(key);
    const keep = (found: Known) => {
      known.set(key, found);
      setAsking(undefined);
    };
    fire(
      studio
        .ask('alternatives', { step, answer: place, exampleId, ...(runId === undefined ? {} : { runId }) })
        .then(keep, (error: Error & { hint?: string }) =>
          keep({ refusal: [error.message, error.hint].filter(Boolean).join(' ') }),
        ),
    );
  };
  return { found: known.get(key), isAsking: asking === key, ask };
}

export function Alternatives(props: AlternativesProps) {
  const { found, isAsking, ask } = useAlternatives(props);
  return (
    <section className="alternatives" aria-label="What else was likely" data-testid="alternatives">
      {found !== undefined &&
        ('refusal' in found ? (
          <p className="muted">{found.refusal}</p>
        ) : (
          <Likeliest {...props} found={found} />
        ))}
      <button type="button" aria-disabled={isAsking} onClick={() => isAsking || ask()}>
        {found === undefined ? 'What else was likely' : 'Ask again, by the weights of now'}
      </button>
      {isAsking && (
        <p className="muted" role="status">
          The run’s weights are asked; a step under way ends first…
        </p>
      )}
    </section>
  );
}

interface LikeliestProps extends AlternativesProps {
  readonly found: AnswerOf<'alternatives'>;
}

function Likeliest({ found, at, id }: LikeliestProps) {
  const { count, ids, pieces, logProbs, temperature } = found;
  const places = Array.from({ length: count }, (_, rank) => at * count + rank).filter((each) =>
    Number.isFinite(logProbs[each]),
  );
  const isAmong = places.some((each) => ids[each] === id);
  return (
    <>
      <p className="muted">
        Likeliest at this place by the weights as they are now, after step {found.step}, at temperature{' '}
        {temperature}; ✓ is what was drawn{isAmong ? '' : ', which is not among them'}.
      </p>
      <ol className="likeliest number">
        {places.map((each) => (
          <li key={each} data-drawn={ids[each] === id}>
            <code>{visibleText(pieces[each]!).replaceAll('\n', '')}</code>{' '}
            {formatPercent(Math.exp(logProbs[each]!), 2)}
            {ids[each] === id && ' ✓'}
          </li>
        ))}
      </ol>
    </>
  );
}
