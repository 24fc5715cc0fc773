/** A run's name, tags and notes, to be changed; they are kept with the run. */
import { type FormEvent, useId, useState } from 'react';
import { MOST, type RunAbout, runAbout } from '../../protocol/run-about.ts';
import { useStudio } from '../../store/react.ts';
import { fire } from '../parts/fire.ts';

interface AboutProps {
  runId: string;
  about: RunAbout;
  onKept?: (about: RunAbout) => void;
}

/** Tags as they are typed: parted by commas, each once. */
export function readTags(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.replaceAll(/\s+/g, ' ').trim()))].filter(Boolean);
}

const WRONG: Readonly<Record<keyof RunAbout, string>> = {
  name: `The name is one line of 1 to ${MOST.name} characters.`,
  tags: `Tags are parted by commas: at most ${MOST.tags}, each of at most ${MOST.tag} characters.`,
  notes: `Notes are at most ${MOST.notes} characters long.`,
};

export function AboutForm({ runId, about, onKept }: AboutProps) {
  const studio = useStudio();
  const id = useId();
  const [name, setName] = useState(about.name);
  const [tags, setTags] = useState(about.tags.join(', '));
  const [notes, setNotes] = useState(about.notes);
  const [kept, setKept] = useState(about);
  const change = { name: name.replaceAll(/\s+/g, ' ').trim(), tags: readTags(tags), notes };
  const issue = runAbout.safeParse(change).error?.issues[0]?.path[0] as keyof RunAbout | undefined;
  const isChanged = JSON.stringify(change) !== JSON.stringify(kept);
  const keep = async (event: FormEvent) => {
    event.preventDefault();
    if (issue !== undefined || !isChanged) return;
    const answer = await studio.ask('aboutRun', { runId, change });
    setKept(answer.about);
    onKept?.(answer.about);
  };
  return (
    <form className="about-run" onSubmit={(event) => fire(keep(event))}>
      <label htmlFor={`${id}-name`}>Name</label>
      <input
        {...{ id: `${id}-name`, type: 'text', value: name, maxLength: MOST.name }}
        aria-invalid={issue === 'name'}
        data-testid="about-name"
        onChange={({ target }) => setName(target.value)}
      />
      <label htmlFor={`${id}-tags`}>Tags</label>
      <input
        {...{ id: `${id}-tags`, type: 'text', value: tags }}
        placeholder="parted by commas"
        aria-invalid={issue === 'tags'}
        data-testid="about-tags"
        onChange={({ target }) => setTags(target.value)}
      />
      <label htmlFor={`${id}-notes`}>Notes</label>
      <textarea
        {...{ id: `${id}-notes`, value: notes, maxLength: MOST.notes, rows: 3 }}
        data-testid="about-notes"
        onChange={({ target }) => setNotes(target.value)}
      />
      <p>
        <button type="submit" data-testid="about-keep" disabled={!isChanged || issue !== undefined}>
          Keep
        </button>{' '}
        <span role="status" className={issue ? 'field-problem' : 'muted'}>
          {issue ? WRONG[issue] : isChanged ? 'Not kept yet.' : 'Kept with the run.'}
        </span>
      </p>
    </form>
  );
}
