/** Files of settings, read and written. Fetched with the first press: YAML has a reader of its own. */
import { parse, stringify } from 'yaml';
import { InputError } from '../../../math/errors.ts';
import type { Config } from '../../../protocol/config.ts';
import {
  isOwnFile,
  LONGEST_FILE,
  soundSettings,
  toFile,
  wholeForm,
} from '../../../protocol/shared-settings.ts';
import { fromTrl, trlPython, trlValues } from '../../../protocol/trl-config.ts';
import type { Edits } from '../../../store/settings.ts';
import { saveFile } from '../../parts/save-file.ts';
import type { Brought } from './brought-settings.tsx';

/** Ways in which settings are written, by the name of the file. */
export const FORMS = {
  'settings.json': toFile,
  'grpo.yaml': (config) => stringify(trlValues(config)),
  'grpo_config.py': trlPython,
} as const satisfies Record<string, (config: Config) => string>;
export type FormName = keyof typeof FORMS;

export function saveSettings(config: Config, name: FormName): void {
  saveFile(new Blob([FORMS[name](config)], { type: 'text/plain' }), name);
}

/** What a file brings: settings of this studio as a whole form, a GRPOConfig as what it names. @throws InputError */
export async function readSettings(file: File): Promise<Brought> {
  if (file.size > LONGEST_FILE) {
    throw new InputError(
      `${file.name} has ${file.size} bytes; a file of settings has at most ${LONGEST_FILE}.`,
    );
  }
  const found = parsed(await file.text(), file.name);
  if (isOwnFile(found)) {
    const { values, refused } = soundSettings(found.settings, file.name);
    return { whose: `The form that ${file.name} brings`, values: wholeForm(values) as Edits, refused };
  }
  const { values, refused } = fromTrl(found as Record<string, unknown>);
  if (Object.keys(values).length === 0) {
    throw new InputError(`${file.name} names no setting that the studio has.`, {
      hint: 'Open a file that was saved here, or a GRPOConfig as YAML or JSON.',
      details: refused.join('\n'),
    });
  }
  return { whose: file.name, values: values as Edits, refused };
}

/** JSON is YAML, too. Aliases that would grow without end are refused by the reader. */
function parsed(text: string, name: string): object {
  let found: unknown;
  try {
    found = parse(text);
  } catch (cause) {
    const [said] = String(cause instanceof Error ? cause.message : cause).split('\n');
    throw new InputError(`${name} is neither JSON nor YAML: ${said}`, { cause });
  }
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found;
  throw new InputError(
    `${name} holds ${Array.isArray(found) ? 'a list' : 'a single value'}; expected settings by their names.`,
  );
}
