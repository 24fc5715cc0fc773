/** DAPO, equation 13: 0 up to Lmax - Lcache tokens, then falling in a line to -1 at Lmax, -1 beyond. */
import { reward } from './reward.ts';

export const softOverlong = reward({
  help: 'minus up to 1 near the longest answer',
  group: 'length',
  source: "DAPO, equation 13; TRL's get_soft_overlong_punishment",
  parameters: {
    softPunishCache: {
      ...{ kind: 'int', default: 0, min: 0, max: 8192, unit: 'tokens' },
      label: 'Stretch of soft_overlong',
      help: 'soft_overlong falls from 0 to -1 over so many tokens before the longest answer. 0 = a fifth of it.',
    },
  },
  range: () => [-1, 0],
  readsTokens: () => true,
  score: (_, { tokens, maxCompletionLength, softPunishCache }) => {
    const cache = softPunishCache || Math.max(1, Math.round(maxCompletionLength / 5));
    const safe = maxCompletionLength - cache;
    if (tokens <= safe) return 0;
    return tokens <= maxCompletionLength ? (safe - tokens) / cache : -1;
  },
  python: `
def _soft_overlong(text, about):
    longest = _setting("maxCompletionLength", 256)
    cache = _setting("softPunishCache", 0) or max(1, math.floor(longest / 5 + 0.5))
    safe = longest - cache
    if about.tokens <= safe:
        return 0.0
    return (safe - about.tokens) / cache if about.tokens <= longest else -1.0
`,
  cases: [
    { text: '', tokens: 80, softPunishCache: 20, score: 0 },
    { text: '', tokens: 85, softPunishCache: 20, score: -0.25 },
    { text: '', tokens: 90, softPunishCache: 20, score: -0.5 },
    { text: '', tokens: 100, softPunishCache: 20, score: -1 },
    { text: '', tokens: 101, softPunishCache: 20, score: -1 },
    { text: '', tokens: 90, score: -0.5 },
  ],
});
