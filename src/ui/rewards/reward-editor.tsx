/** The editor of own rewards: the program, its tests, which of its functions are rewards, and the versions before. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { knownRewards } from '../../protocol/config.ts';
import { lengthProblem } from '../../protocol/config-rewards.ts';
import { blindWords, readsNoText } from '../../protocol/config-warnings.ts';
import type { RewardSource } from '../../rewards/contract.ts';
import { useStudio, useStudioState } from '../../store/react.ts';
import { modelsIn, sourcesIn } from '../../store/reward-choice.ts';
import { fire } from '../parts/fire.ts';
import { HeldButton } from '../parts/held-button.tsx';
import { saveFile } from '../parts/save-file.ts';
import { CodeArea } from './code-area.tsx';
import { contractWords } from './contract-words.ts';
import { type Checked, FileChecker } from './file-checker.ts';
import { keepVersions } from './kept-versions.ts';
import { OlderVersions } from './older-versions.tsx';
import {
  acceptedAs,
  chooseFunction,
  closeFile,
  editFile,
  isChanged,
  type OpenFile,
  settleFunctions,
} from './open-file.ts';
import {
  fileName,
  isInSettings,
  LANGUAGE_NAMES,
  nameProblem,
  type OwnFile,
  rewardSettingsOf,
  sourcesOf,
  withSources,
} from './own-files.ts';
import { sandboxBench } from './sandboxes.ts';
import { Verdict } from './verdict.tsx';

export interface EditorProps {
  open: OpenFile;
  /** Scores stored answers with the program as it is, where there are some. */
  onTry?: ((sources: readonly RewardSource[], before: readonly string[]) => void) | undefined;
}

export default function RewardEditor({ open, onTry }: EditorProps) {
  const { file, accepted: before, off = [] } = open;
  const checked = useChecks(file);
  const isSettled = checked?.file === file;
  const functions = useLastFunctions(checked);
  const chosen = functions.filter((name) => !off.includes(name));
  const names = useNameProblems(chosen, open.rewards);
  const length = lengthProblem(file.text);
  const problems = length === undefined ? names : [length, ...names];
  const words = useWordsOf(file);
  const marks = useMemo(() => (checked && isSettled ? marksOf(checked) : []), [checked, isSettled]);
  const isUsable = isSettled && !checked.fault && chosen.length > 0 && problems.length === 0;
  return (
    <section className="reward-editor" aria-label={`Editor of ${fileName(file)}`} data-testid="reward-editor">
      <FormChoice file={file} />
      <div className="reward-code">
        <CodeArea
          // A version that is taken changes the text; another file is another editor.
          key={`${before.name}.${before.language}`}
          file={file}
          words={words}
          marks={marks}
          onText={(text) => editFile({ text })}
        />
        <p className="muted">
          Ctrl+Space completes, F8 goes to the next mistake. Tab indents: press Escape before it to leave the
          program.
        </p>
      </div>
      <div className="reward-verdict">
        <Verdict checked={checked} isSettled={isSettled} language={file.language} />
        {isUsable && readsNoText({ source: file.text, completions: file.completions }) && (
          <p className="notice" role="status" data-testid="blind-program">
            The program {blindWords(file.language)}
          </p>
        )}
        <FunctionChoice functions={functions} off={off} />
        {problems.map((problem) => (
          <p key={problem} className="field-problem" role="alert">
            {problem}
          </p>
        ))}
        <Acts open={open} chosen={chosen} isUsable={isUsable} onTry={onTry} />
        <OlderVersions file={file} names={open.rewards} />
      </div>
    </section>
  );
}

/** What is known of the file, a moment after each of its edits. */
function useChecks(file: OwnFile): Checked | undefined {
  const [checked, setChecked] = useState<Checked>();
  const checker = useRef<FileChecker>(undefined);
  const { language } = file;
  useEffect(() => {
    const bench = sandboxBench(language);
    const open = ({ name, text, completions }: OwnFile) =>
      bench.open({ name, language, source: text, completions });
    const made = new FileChecker(open, setChecked);
    checker.current = made;
    return () => {
      made.close();
      bench.close();
    };
  }, [language]);
  useEffect(() => checker.current?.check(file), [file]);
  useEffect(() => {
    if (checked && !checked.fault) settleFunctions(checked.functions);
  }, [checked]);
  return checked;
}

/** While a file cannot be read its functions are those of before. */
function useLastFunctions(checked: Checked | undefined): readonly string[] {
  const [functions, setFunctions] = useState<readonly string[]>([]);
  useEffect(() => {
    if (checked && !checked.fault) setFunctions(checked.functions);
  }, [checked]);
  return functions;
}

function useNameProblems(chosen: readonly string[], before: readonly string[]): string[] {
  const draft = useStudioState(({ draft }) => draft);
  const names = knownRewards({ rewardSources: sourcesIn(draft), rewardModels: modelsIn(draft) });
  const taken = names.filter((name) => !before.includes(name));
  return chosen.flatMap((name) => nameProblem(name, taken) ?? []);
}

function useWordsOf({ language, completions }: OwnFile) {
  const lists = useStudioState(({ data }) => data?.reading?.lists);
  return useMemo(
    () => contractWords(language, completions, [...new Set((lists ?? []).flatMap(({ names }) => names))]),
    [language, completions, lists],
  );
}

const marksOf = ({ fault, tests }: Checked) =>
  [...(fault ? [fault] : []), ...tests].flatMap(({ message, line, ...rest }) =>
    message !== undefined && line !== undefined
      ? [{ message, line, column: 'column' in rest ? rest.column : undefined }]
      : [],
  );

function FormChoice({ file }: { file: OwnFile }) {
  return (
    <div className="toolbar">
      <h3>
        {fileName(file)} <span className="muted">{LANGUAGE_NAMES[file.language]}</span>
      </h3>
      <label title="What a function gets as an answer: as TRL has it, a chat of one message, or its text.">
        An answer is{' '}
        <select
          value={file.completions}
          data-testid="completion-form"
          onChange={({ target }) => editFile({ completions: target.value === 'text' ? 'text' : 'messages' })}
        >
          <option value="messages">a chat of one message</option>
          <option value="text">a text</option>
        </select>
      </label>
    </div>
  );
}

function FunctionChoice({ functions, off }: { functions: readonly string[]; off: readonly string[] }) {
  if (functions.length === 0) return null;
  return (
    <fieldset className="group" data-testid="reward-functions">
      <legend>Rewards of this file</legend>
      {functions.map((name) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={!off.includes(name)}
            onChange={({ target }) => chooseFunction(name, target.checked)}
          />{' '}
          {name}
        </label>
      ))}
    </fieldset>
  );
}

interface ActsProps extends EditorProps {
  chosen: readonly string[];
  isUsable: boolean;
}

function Acts({ open, chosen, isUsable, onTry }: ActsProps) {
  const studio = useStudio();
  const { file, rewards } = open;
  const accept = async () => {
    const sources = await sourcesOf(file, chosen);
    const { draft } = studio.store.getState();
    studio.editAll({ ...withSources(rewardSettingsOf(draft), rewards, sources) });
    acceptedAs(sources);
    await keepVersions(sources);
  };
  const attempt = async () => onTry?.(await sourcesOf(file, chosen), rewards);
  const isNew = rewards.length === 0;
  // They may have been taken out since, or a run with others been opened.
  const isHeld = useStudioState(({ draft }) => isInSettings(sourcesIn(draft), rewards, file));
  const isDone = !isNew && isHeld && chosen.join() === rewards.join();
  return (
    <div className="toolbar">
      <HeldButton
        className="primary"
        data-testid="accept-reward"
        disabled={!isUsable || isDone}
        onClick={() => fire(accept())}
      >
        {isNew ? 'Use as reward' : 'Use this version'}
      </HeldButton>
      {onTry && (
        <HeldButton data-testid="try-reward" disabled={!isUsable} onClick={() => fire(attempt())}>
          Score these answers with it
        </HeldButton>
      )}
      <button type="button" onClick={() => saveFile(new Blob([file.text]), fileName(file))}>
        Save to disk
      </button>
      <CloseButton open={open} />
      <p className="muted" role="status" data-testid="accepted">
        {isDone && <Use names={rewards} />}
      </p>
    </div>
  );
}

/** What the settings make of the rewards of this file. */
function Use({ names }: { names: readonly string[] }) {
  const idle = useStudioState(({ draft }) =>
    names.filter((name) => !rewardSettingsOf(draft).rewards.includes(name)).join(', '),
  );
  if (idle) return `Not chosen among the rewards: ${idle}.`;
  return `${names.length > 1 ? 'They are' : 'It is'} among the rewards of the next run.`;
}

/** Asks once more where something would be lost. */
function CloseButton({ open }: { open: OpenFile }) {
  const [asked, setAsked] = useState(false);
  const isLoss = isChanged(open) || open.rewards.length === 0;
  return (
    <button
      type="button"
      data-testid="close-editor"
      className={asked ? 'danger' : ''}
      onBlur={() => setAsked(false)}
      onClick={() => {
        if (asked || !isLoss) closeFile();
        else setAsked(true);
      }}
    >
      {asked ? 'Close without using it?' : 'Close'}
    </button>
  );
}
