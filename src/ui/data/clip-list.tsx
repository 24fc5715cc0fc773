/** All clips, however many: only the rows in view are in the page. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import type { ExampleInfo } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { Empty } from '../parts/panel.tsx';
import { useRoving } from '../parts/use-roving.ts';
import { useWords } from '../parts/use-words.ts';
import { useKey } from '../shell/keys.ts';

const ROW_PX = 32;

export function ClipList({ examples, total }: { examples: readonly ExampleInfo[]; total: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: examples.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const { list, at, setAt, onKeyDown, move } = useRoving<HTMLUListElement>(examples.length, (place) =>
    virtualizer.scrollToIndex(place),
  );
  useKey(['j', 'k'], move);
  const items = virtualizer.getVirtualItems();
  // A row that is scrolled out of the page cannot be the tab stop: then the first that is in it.
  const stop = items.some(({ index }) => index === at) ? at : items[0]?.index;
  const words = useWords();
  if (examples.length === 0) return <Empty>{words(`No such clip among ${total} clips.`)}</Empty>;
  return (
    <div ref={scroller} className="clip-list">
      <ul ref={list} onKeyDown={onKeyDown} style={{ blockSize: virtualizer.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const example = examples[index];
          return (
            example && (
              <ClipRow
                key={example.id}
                example={example}
                top={start}
                place={index}
                isTabStop={index === stop}
                onPress={() => setAt(index)}
              />
            )
          );
        })}
      </ul>
    </div>
  );
}

interface ClipRowProps {
  example: ExampleInfo;
  top: number;
  place: number;
  /** One row of the list can be reached by the tab key; the others from there. */
  isTabStop: boolean;
  onPress: () => void;
}

function ClipRow({ example, top, place, isTabStop, onPress }: ClipRowProps) {
  const studio = useStudio();
  const selected = useStudioState(({ clip }) => clip?.exampleId === example.id);
  const isText = useStudioState(({ data }) => data?.kind === 'questions');
  /** Rows that all ask the same are told apart by their clips. */
  const asks = useStudioState(({ data }) => isText || (data?.questions.distinct ?? 0) > 1);
  return (
    <li style={{ transform: `translateY(${top}px)`, blockSize: ROW_PX }}>
      <button
        type="button"
        className="clip-row"
        aria-pressed={selected}
        data-testid="clip-row"
        data-place={place}
        tabIndex={isTabStop ? 0 : -1}
        onClick={() => {
          onPress();
          fire(studio.preview(example.id));
        }}
      >
        {!asks || example.question === undefined ? (
          <span className="clip-path">
            <bdi>{example.path}</bdi>
          </span>
        ) : (
          <span className="question-text" title={example.question}>
            {!isText && <span className="muted">{example.path.split('/').pop()} · </span>}
            <bdi>{example.question}</bdi>
          </span>
        )}
        <span className="example-label" title={example.label}>
          <bdi>{example.label}</bdi>
        </span>
        <span className="muted">{example.leftOut ? 'left out' : example.split}</span>
      </button>
    </li>
  );
}
