/** Answers that were found, however many: only the rows in view are in the page. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { formatMetric } from '../../math/format.ts';
import { type FoundAnswer, readingOf } from '../../protocol/answer-search.ts';
import { exampleOf } from '../../store/examples.ts';
import { useStudioState } from '../../store/react.ts';
import { shortened } from '../parts/shortened.ts';
import { useRoving } from '../parts/use-roving.ts';
import { useKey } from '../shell/keys.ts';
import type { Found } from './found-answers.ts';
import { signed } from './rows.ts';

const ROW_PX = 48;
/** On a telephone the numbers take three lines more. */
const NARROW_ROW_PX = 112;
const narrow = matchMedia('(max-width: 560px)');

function onNarrow(listener: () => void): () => void {
  narrow.addEventListener('change', listener);
  return () => narrow.removeEventListener('change', listener);
}

interface ListProps {
  readonly name: string;
  readonly found: Found;
  readonly isBare: boolean;
  /** Asks for answers by their places among all that were found. */
  readonly show: (from: number, to: number) => void;
  readonly open: (answer: FoundAnswer) => void;
}

export function FoundList({ name, found, isBare, show, open }: ListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const height = useSyncExternalStore(onNarrow, () => narrow.matches) ? NARROW_ROW_PX : ROW_PX;
  const virtualizer = useVirtualizer({
    count: found.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 6,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height stand elsewhere.
  useEffect(() => virtualizer.measure(), [virtualizer, height]);
  const { list, at, setAt, onKeyDown, move } = useRoving<HTMLUListElement>(found.total, (place) =>
    virtualizer.scrollToIndex(place),
  );
  useKey(['j', 'k'], move);
  const items = virtualizer.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => show(first, last), [show, first, last]);
  // A row that is scrolled out of the page cannot be the tab stop: then the first that is in it.
  const stop = items.some(({ index }) => index === at) ? at : first;
  return (
    <section ref={scroller} className="found-list" aria-label={name}>
      <ul ref={list} onKeyDown={onKeyDown} style={{ blockSize: virtualizer.getTotalSize() }}>
        {items.map(({ index, start }) => (
          <li key={index} style={{ transform: `translateY(${start}px)`, blockSize: height }}>
            <FoundRow
              answer={found.rows.get(index)}
              place={index}
              isBare={isBare}
              isTabStop={index === stop}
              open={(answer) => {
                setAt(index);
                open(answer);
              }}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  /** Undefined while it is on its way. */
  readonly answer: FoundAnswer | undefined;
  readonly place: number;
  readonly isBare: boolean;
  /** One row of the list can be reached by the tab key; the others from there. */
  readonly isTabStop: boolean;
  readonly open: (answer: FoundAnswer) => void;
}

function FoundRow({ answer, place, isBare, isTabStop, open }: RowProps) {
  const example = useStudioState(({ data }) => answer && exampleOf(data, answer.exampleId));
  const name = answer && (example?.path ?? answer.exampleId).split('/').pop();
  return (
    <button
      type="button"
      className="found-row"
      data-testid="found-answer"
      data-place={place}
      tabIndex={isTabStop ? 0 : -1}
      onClick={() => answer && open(answer)}
    >
      {answer ? (
        <>
          <span className="found-text">
            {shortened(answer.text, 300) || <span className="muted">(nothing)</span>}
          </span>
          <span className="found-numbers">
            <span className="number">step {answer.step}</span>
            <span>
              {name} · <bdi>{shortened(answer.label, 24)}</bdi> → <Reading answer={answer} isBare={isBare} />
            </span>
            <span className="number">reward {formatMetric(answer.total, 3)}</span>
            <span className="number">advantage {signed(answer.advantage)}</span>
            {answer.meanKl !== undefined && (
              <span className="number">KL {formatMetric(answer.meanKl, 2)}</span>
            )}
            <span className="number">
              {answer.tokens} tokens{answer.ended === 'length' ? ', cut ⚠' : ''}
            </span>
          </span>
        </>
      ) : (
        <span className="muted">…</span>
      )}
    </button>
  );
}

function Reading({ answer, isBare }: { readonly answer: FoundAnswer; readonly isBare: boolean }) {
  const read = readingOf(answer, isBare);
  if (read === null) return <>nothing read</>;
  const isRight = read === answer.label;
  return (
    <>
      <bdi>{shortened(read, 24)}</bdi>
      {isRight && <span className="right-mark"> ✓</span>}
    </>
  );
}
