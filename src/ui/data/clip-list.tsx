/** All clips, however many: only the rows in view are in the page. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import type { ExampleInfo } from '../../protocol/messages.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';
import { Empty } from '../parts/panel.tsx';

const ROW_PX = 32;

export function ClipList({ examples, total }: { examples: readonly ExampleInfo[]; total: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: examples.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  if (examples.length === 0) return <Empty>No clip of that label among {total} clips.</Empty>;
  return (
    <div ref={scroller} className="clip-list">
      <ul style={{ blockSize: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ index, start }) => {
          const example = examples[index];
          return example && <ClipRow key={example.id} example={example} top={start} />;
        })}
      </ul>
    </div>
  );
}

function ClipRow({ example, top }: { example: ExampleInfo; top: number }) {
  const studio = useStudio();
  const selected = useStudioState(({ clip }) => clip?.exampleId === example.id);
  return (
    <li style={{ transform: `translateY(${top}px)`, blockSize: ROW_PX }}>
      <button
        type="button"
        className="clip-row"
        aria-pressed={selected}
        data-testid="clip-row"
        onClick={() => fire(studio.preview(example.id))}
      >
        <span className="clip-path">{example.path}</span>
        <span>{example.label}</span>
        <span className="muted">{example.leftOut ? 'left out' : example.split}</span>
      </button>
    </li>
  );
}
