/** The page's words for what a model is asked about: clips, or questions where most rows have one of their own. */
import { type ConfigKey, type Field, fieldOf } from '../../protocol/config.ts';
import { asksManyThings } from '../../protocol/own-questions.ts';
import { useStudioState } from '../../store/react.ts';
import type { StudioState } from '../../store/state.ts';

/** Whether rows ask by themselves: so the data say; before there are any, a model that has no senses. */
export const asksQuestions = ({ data, model }: Pick<StudioState, 'data' | 'model'>): boolean =>
  data ? data.kind === 'questions' || asksManyThings(data) : model?.senses.length === 0;

/** A text about clips as one about questions. */
const aboutQuestions = (text: string): string =>
  text.replace(
    /\b([Cc])lip(s?)\b/g,
    (_, first: string, plural: string) => `${first === 'C' ? 'Q' : 'q'}uestion${plural}`,
  );

const asItIs = (text: string): string => text;

/** A text that speaks of clips, in the words of a state. */
export const inWords = (state: Pick<StudioState, 'data' | 'model'>, text: string): string =>
  asksQuestions(state) ? aboutQuestions(text) : text;

/** Clips of these settings are bounds of a ratio or a gradient, whatever is open. */
const BOUND_GROUPS: readonly Field['group'][] = ['Loss', 'Optimizer'];

/** A setting's row in the words of a state. */
export const fieldInWords = (state: Pick<StudioState, 'data' | 'model'>, row: Field): Field =>
  BOUND_GROUPS.includes(row.group)
    ? row
    : {
        ...row,
        label: inWords(state, row.label),
        help: inWords(state, row.help),
        ...(row.unit === undefined ? {} : { unit: inWords(state, row.unit) }),
      };

/** Rows of settings, in the words of what is open. */
export function useFields(): (key: ConfigKey) => Field {
  const data = useStudioState((state) => state.data);
  const model = useStudioState((state) => state.model);
  return (key) => fieldInWords({ data, model }, fieldOf(key));
}

/** Puts texts that speak of clips into the words of what is open. */
export function useWords(): (text: string) => string {
  return useStudioState(asksQuestions) ? aboutQuestions : asItIs;
}
