/** Words of emotion, as data sets name folders, columns and codes of files: the only table of them. */
import { labelKey } from './labels.ts';

/** By what they mean. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  neutral: ['neutral', 'neutrality', 'neu', 'normal emotion', 'no emotion', '中立', '中性'],
  calm: ['calm', 'calmness', 'cal', 'relaxed', 'peaceful', 'peace', 'serene'],
  happy: [
    'happy',
    'happiness',
    'happily',
    'joy',
    'joyful',
    'hap',
    'enjoyment',
    'cheerful',
    '快乐',
    '高兴',
    '开心',
  ],
  sad: [
    'sad',
    'sadness',
    'sadly',
    'unhappy',
    'sorrow',
    'grief',
    'depressed',
    'depression',
    'despair',
    '伤心',
    '悲伤',
    '难过',
  ],
  angry: [
    'angry',
    'anger',
    'angrily',
    'ang',
    'rage',
    'furious',
    'mad',
    'irritated',
    'irritation',
    '生气',
    '愤怒',
  ],
  fear: ['fear', 'fearful', 'fea', 'afraid', 'scared', 'terrified', 'terror', 'panic', '恐惧', '害怕'],
  disgust: ['disgust', 'disgusted', 'disgusting', 'dis', 'disgusted emotion', '厌恶'],
  surprise: [
    'surprise',
    'surprised',
    'sur',
    'pleasant surprise',
    'pleasant surprised',
    'astonished',
    'amazed',
    '惊喜',
    '惊讶',
  ],
  contemptuous: ['contempt', 'contemptuous'],
  anxious: ['anxious', 'anxiety', 'worried', 'worry', 'nervous'],
  helpless: ['helpless', 'helplessness'],
  disappointed: ['disappointed', 'disappointment'],
  excited: ['excited', 'excitement', 'exc', 'elated', 'elation'],
  frustrated: ['frustrated', 'frustration', 'fru'],
  bored: ['bored', 'boredom'],
  amused: ['amused', 'amusement'],
  tired: ['tired', 'sleepy', 'sleepiness', 'tiredness'],
  proud: ['proud', 'pride'],
  ashamed: ['ashamed', 'shame', 'embarrassed', 'embarrassment', 'guilt', 'guilty'],
  confused: ['confused', 'confusion', 'puzzled'],
  loving: ['love', 'loving', 'tender', 'tenderness', 'affection'],
  hateful: ['hate', 'hatred', 'hateful'],
  hopeful: ['hope', 'hopeful', 'relief', 'relieved', 'content', 'contentment', 'satisfied', 'satisfaction'],
  jealous: ['jealous', 'jealousy', 'envy'],
  interested: ['interest', 'interested', 'curious', 'curiosity'],
  pained: ['pain', 'painful', 'distress'],
  positive: ['positive', 'pos'],
  negative: ['negative', 'neg'],
};

/** The same in other languages: French, Italian, German, Spanish, Portuguese, Russian, Japanese, Korean, Chinese. */
const ABROAD: Readonly<Record<string, string>> = {
  neutral:
    'neutre neutro neutra neutrale neutralità нейтрально нейтральный 平静 平靜 ニュートラル 중립 중립적',
  happy:
    'joie heureux heureuse gioia felicità felice freude fröhlich glücklich glück alegría alegria alegre feliz felicidad felicidade радость радостный счастье 喜び 嬉しい 喜悦 快樂 高興 開心 기쁨 행복',
  sad: 'tristesse triste tristezza traurig trauer traurigkeit tristeza грусть грустный печаль 悲しみ 悲しい 傷心 悲傷 슬픔',
  angry:
    'colère colere rabbia rabbioso wut wütend ärger ärgerlich zorn zornig ira enojo enojado enfado enfadado raiva гнев злость злой 怒り 怒る 生氣 憤怒 분노 화남',
  fear: 'peur paura angst ängstlich furcht miedo medo страх 恐れ 恐怖 恐懼 害怕 공포 두려움',
  disgust: 'dégoût degout disgusto ekel asco nojo отвращение 嫌悪 厭惡 혐오 싫음',
  surprise: 'sorpresa überraschung überrascht surpresa удивление 驚き 驚訝 惊奇 놀람 놀라움',
  contemptuous: 'mépris disprezzo verachtung desprecio desprezo 轻蔑 輕蔑 蔑视 경멸',
  anxious: 'anxiété ansia ansiedad ansiedade 焦虑 焦慮 担心 不安 불안',
  helpless: '无助 無助',
  disappointed: 'déception enttäuscht decepción 失望 실망',
  bored: 'ennui noia langeweile gelangweilt aburrimiento 지루함',
};

const MEANINGS = new Map(
  [
    ...Object.entries(WORDS),
    ...Object.entries(ABROAD).map(([meaning, words]) => [meaning, words.split(' ')] as const),
  ].flatMap(([meaning, words]) => words.map((word) => [word, meaning] as const)),
);

/** What a name means that is a word of emotion and nothing else but a number: 'Anger', '01_happy', 'sad-2'; undefined for others. */
export function emotionOf(name: string): string | undefined {
  const words = labelKey(name)
    .replaceAll(/[\s_.-]+/g, ' ')
    .replaceAll(/^[\d()[\] ]+|[\d()[\] ]+$/g, '');
  return MEANINGS.get(words);
}

/** A name made of a word of emotion and one other part, as 'OAF_angry'; undefined for others. */
export function emotionAndRest(name: string): { emotion: string; rest: string } | undefined {
  const parts = name.split(/[\s_.-]+/);
  for (let taken = parts.length - 1; taken > 0; taken--) {
    for (const atEnd of [true, false]) {
      const at = atEnd ? parts.length - taken : 0;
      const emotion = parts.slice(at, at + taken).join(' ');
      const rest = (atEnd ? parts.slice(0, at) : parts.slice(taken)).join('_');
      if (emotionOf(emotion) !== undefined && emotionOf(rest) === undefined) return { emotion, rest };
    }
  }
  return undefined;
}
