/** A reward begun anew, or from a file of the disk. */
import { useEffect, useRef, useState } from 'react';
import { InputError } from '../../math/errors.ts';
import { knownRewards } from '../../protocol/config.ts';
import { LONGEST_SOURCE } from '../../protocol/config-rewards.ts';
import { useStudio } from '../../store/react.ts';
import { modelsIn, sourcesIn } from '../../store/reward-choice.ts';
import type { Studio } from '../../store/studio.ts';
import { ChooseFile } from '../parts/choose-file.tsx';
import { openNew, takesFocus } from './open-file.ts';
import { fileOfDisk, LANGUAGE_NAMES, type Language, type OwnFile } from './own-files.ts';
import { startingFile } from './starts.ts';

const LANGUAGES = Object.keys(LANGUAGE_NAMES) as Language[];

/** What is there while no file is in the editor. */
export function NewReward() {
  const studio = useStudio();
  const [language, setLanguage] = useState<Language>('ts');
  const beginner = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (takesFocus('list')) beginner.current?.focus();
  }, []);
  const begin = () => {
    const { draft } = studio.store.getState();
    const taken = knownRewards({ rewardSources: sourcesIn(draft), rewardModels: modelsIn(draft) });
    openNew(startingFile(language, taken));
  };
  return (
    <div className="toolbar">
      <button ref={beginner} type="button" className="primary" data-testid="new-reward" onClick={begin}>
        New reward
      </button>
      <label>
        in{' '}
        <select
          value={language}
          data-testid="reward-language"
          onChange={({ target }) => setLanguage(target.value as Language)}
        >
          {LANGUAGES.map((each) => (
            <option key={each} value={each}>
              {LANGUAGE_NAMES[each]}
            </option>
          ))}
        </select>
      </label>
      <ChooseFile
        label="Open a file…"
        accept=".py,.ts,.mts,.js,.mjs"
        testId="reward-file"
        onFile={(file) => void openFromDisk(studio, file)}
      />
    </div>
  );
}

async function openFromDisk(studio: Studio, file: File): Promise<void> {
  try {
    openNew(await readFromDisk(file));
  } catch (error) {
    studio.report(error);
  }
}

/** @throws InputError for what is no program */
async function readFromDisk(file: File): Promise<OwnFile> {
  const hint = 'Choose a file that ends in .py, .ts or .js.';
  const text = file.size <= 4 * LONGEST_SOURCE ? await file.text() : undefined;
  if (text === undefined || text.length > LONGEST_SOURCE)
    throw new InputError(`${file.name} is longer than the ${LONGEST_SOURCE} characters of a reward.`, {
      hint,
    });
  const read = fileOfDisk(file.name, text);
  if (!read) throw new InputError(`${file.name} is no program that can be a reward.`, { hint });
  return read;
}
