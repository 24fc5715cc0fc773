/** The page's words for what a model is asked about: clips, or of a language model its questions. */
import { useStudioState } from '../../store/react.ts';
import type { StudioState } from '../../store/state.ts';

/** Whether rows ask by themselves: so the data say; before there are any, a model that has no senses. */
const asksQuestions = ({ data, model }: Pick<StudioState, 'data' | 'model'>): boolean =>
  data ? data.kind === 'questions' : model?.senses.length === 0;

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

/** Puts texts that speak of clips into the words of what is open. */
export function useWords(): (text: string) => string {
  return useStudioState(asksQuestions) ? aboutQuestions : asItIs;
}
