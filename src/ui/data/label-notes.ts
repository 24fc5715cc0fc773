/** What is worth saying of a data set's labels as a whole. Pure. */
import type { DataSummary, LabelCount } from '../../protocol/messages.ts';
import { asksManyThings } from '../../protocol/own-questions.ts';
import { isRewardName, REWARDS, type RewardName } from '../../rewards/index.ts';

/** Below this many clips a label's recall says little. */
const FEW = 15;

/** Said once for all labels with few clips; undefined without any. */
export function fewNote(labels: readonly LabelCount[]): string | undefined {
  const few = labels.filter(({ count }) => count < FEW);
  if (few.length === 0) return undefined;
  const named = few.length <= 3 ? few.map(({ label }) => label).join(', ') : `${few.length} labels`;
  const who = few.length === labels.length && few.length > 1 ? `All ${few.length} labels` : named;
  const [verb, whose] = few.length === 1 ? ['has', 'its'] : ['have', 'their'];
  return `⚠ ${who} ${verb} fewer than ${FEW} clips: ${whose} recall will be noisy.`;
}

/** Answers of more words than this are sentences, not names of classes. */
const WORDS_OF_A_NAME = 5;
/** With fewer clips, labels that occur once are no sign of anything. */
const ENOUGH_CLIPS = 8;

/** Whether the labels are free answers: most clips have one of their own, or most are sentences. */
export function isFreeForm({ kind, labels, count }: Pick<DataSummary, 'kind' | 'labels' | 'count'>): boolean {
  const sentences = labels.filter(({ label }) => label.split(/\s+/).length > WORDS_OF_A_NAME);
  const ofSentences = sentences.reduce((sum, row) => sum + row.count, 0);
  // Of questions each may well have a short answer of its own.
  if (kind === 'questions') return ofSentences > count / 2;
  return ofSentences > count / 2 || (count >= ENOUGH_CLIPS && labels.length > count / 2);
}

/** What the page calls what is right of a row: the label of a clip, or the answer to a question. */
export function labelWord(
  data: Pick<DataSummary, 'kind' | 'labels' | 'count' | 'questions'>,
): 'label' | 'answer' {
  const { kind, labels, count } = data;
  const haveTheirOwn = asksManyThings(data) && 2 * labels.length > count;
  return kind === 'questions' || haveTheirOwn || isFreeForm(data) ? 'answer' : 'label';
}

/** Rewards that pay only for an answer that is the label. */
const EXACT: readonly RewardName[] = ['accuracy', 'accuracy_tolerant', 'accuracy_r1_v'];

/** Why a run with these settings would learn next to nothing from free answers; undefined where it would. */
export function freeFormWarning(
  data: Pick<DataSummary, 'kind' | 'labels' | 'count'> | undefined,
  { stage, rewards }: { stage: unknown; rewards: unknown },
): string | undefined {
  if (!data || stage !== 'grpo' || !isFreeForm(data)) return undefined;
  const names: readonly unknown[] = Array.isArray(rewards) ? rewards : [];
  // Others compare words or numbers, and what a person wrote may compare anything.
  if (names.some((name) => !isRewardName(name) || (REWARDS[name].readsLabel && !EXACT.includes(name)))) {
    return undefined;
  }
  const reading = EXACT.filter((name) => names.includes(name));
  const earns =
    reading.length > 0
      ? `${reading.join(' and ')} ${reading.length === 1 ? 'pays' : 'pay'} only for an answer that equals its label, so nearly every answer will earn nothing`
      : 'none of the chosen rewards looks at the label';
  return (
    `These ${data.kind === 'clips' ? 'labels' : 'answers'} look like free answers (${data.labels.length} different ones on ${data.count} ${data.kind}): ${earns}. ` +
    'Choose a reward that compares texts, such as rouge_l or set_f1; or supervised fine-tuning (Stage: sft), which learns ' +
    'from such answers; or a labels.json that maps them to a few words.'
  );
}
