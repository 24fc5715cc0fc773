/**
 * L1's reward for a largest length (LCPO-Max; Aggarwal and Welleck, "L1: Controlling How Long A Reasoning Model Thinks With
 * Reinforcement Learning", 2025, equation 2) by itself: clip(slope · (budget - tokens) + 1/2, 0, 1), with the slope as the
 * number of tokens over which it falls from 1 to 0, half of them on either side of the budget.
 */
import { reward, zeroToOne } from './reward.ts';

export const lengthBudget = reward({
  help: 'within a budget of tokens; falls from 1 to 0 around its end',
  group: 'length',
  source: "L1's LCPO-Max",
  readsTokens: () => true,
  parameters: {
    lengthBudget: {
      ...{ kind: 'int', default: 128, min: 1, max: 65_536, unit: 'tokens' },
      label: 'Token budget',
      help: 'length_budget is a half at so many tokens, more below and less above.',
    },
    lengthBudgetFall: {
      ...{ kind: 'int', default: 32, min: 1, max: 65_536, unit: 'tokens' },
      label: 'Fall at the budget',
      help: 'length_budget falls from 1 to 0 over so many tokens, with the budget in their middle.',
    },
  },
  range: zeroToOne,
  score: (_, { tokens, lengthBudget, lengthBudgetFall }) =>
    Math.max(0, Math.min(1, (lengthBudget - tokens) / lengthBudgetFall + 0.5)),
  python: `
def _length_budget(text, about):
    left = (_setting("lengthBudget", 128) - about.tokens) / _setting("lengthBudgetFall", 32)
    return max(0.0, min(1.0, left + 0.5))
`,
  cases: [
    { text: '', tokens: 100, score: 1 },
    { text: '', tokens: 128, score: 0.5 },
    { text: '', tokens: 136, score: 0.25 },
    { text: '', tokens: 144, score: 0 },
    { text: '', tokens: 10, lengthBudget: 10, lengthBudgetFall: 1, score: 0.5 },
    { text: '', tokens: 11, lengthBudget: 10, lengthBudgetFall: 1, score: 0 },
  ],
});
