/** What published recipes say around a question, byte by byte. Where from: see `PROMPT_PRESETS`. */

/** The question of R1-Omni's training and inference. */
export const R1_OMNI_QUESTION =
  'As an emotional recognition expert; throughout the video, which emotion conveyed by the characters is the most obvious to you?';
/** The question of HumanOmni's evaluation scripts. */
export const EVAL_QUESTION =
  'As an emotional recognition expert, in the video, when the characters display their emotions, which predominant feeling is most clearly expressed?';

/** The request for thinking and answer tags. */
export const THINK_ANSWER_INSTRUCTION =
  'Output the thinking process in <think> </think> and final emotion in <answer> </answer> tags.';
/** The same of answers that are no emotions. */
export const TEXT_INSTRUCTION =
  'Output the thinking process in <think> </think> and final answer in <answer> </answer> tags.';
/** R1-V's. */
export const NUMBER_INSTRUCTION =
  'Output the thinking process in <think> </think> and final answer (number) in <answer> </answer> tags.';

/** What stands before a question of text alone in R1-V, Video-R1, R1-Omni and ERV. */
export const R1_V_SYSTEM =
  'A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant ' +
  'first thinks about the reasoning process in the mind and then provides the user with the answer. The reasoning ' +
  'process and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, i.e., ' +
  '<think> reasoning process here </think><answer> answer here </answer>';

/** Video-R1's, without the sentence of the row's type. */
export const PONDER_INSTRUCTION =
  'Please think about this question as if you were a human pondering deeply. ' +
  "Engage in an internal dialogue using expressions such as 'let me think', 'wait', 'Hmm', 'oh, I see', 'let's break it down', etc, or other natural language thought expressions " +
  "It's encouraged to include self-reflection or verification in the reasoning process. " +
  'Provide your detailed reasoning between the <think> </think> tags, and then give your final answer between the <answer> </answer> tags.';

const NUMBER = ' Please provide the numerical value (e.g., 42 or 3.14) within the <answer> </answer> tags.';

/** What Video-R1 asks of each type of problem, behind its request. */
export const VIDEO_R1_TYPES: Readonly<Record<string, string>> = {
  'multiple choice':
    ' Please provide only the single option letter (e.g., A, B, C, D, etc.) within the <answer> </answer> tags.',
  numerical: NUMBER,
  OCR: ' Please transcribe text from the image/video clearly and provide your text answer within the <answer> </answer> tags.',
  'free-form': ' Please provide your text answer within the <answer> </answer> tags.',
  regression: NUMBER,
};
