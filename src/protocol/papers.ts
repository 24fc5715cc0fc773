/** Papers that settings and presets come from, by their number at arXiv. */

export const PAPERS = {
  '1707.06347': { short: 'PPO', title: 'Proximal Policy Optimization Algorithms' },
  '1711.05101': { short: 'AdamW', title: 'Decoupled Weight Decay Regularization' },
  '1904.09751': { short: 'Nucleus sampling', title: 'The Curious Case of Neural Text Degeneration' },
  '1909.05858': {
    short: 'CTRL',
    title: 'CTRL: A Conditional Transformer Language Model for Controllable Generation',
  },
  '1912.09729': {
    short: 'Dual-clip PPO',
    title: 'Mastering Complex Control in MOBA Games with Deep Reinforcement Learning',
  },
  '2106.09685': { short: 'LoRA', title: 'LoRA: Low-Rank Adaptation of Large Language Models' },
  '2402.03300': {
    short: 'DeepSeekMath',
    title: 'DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models',
  },
  '2407.01082': {
    short: 'Min-p',
    title: 'Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs',
  },
  '2501.12948': {
    short: 'DeepSeek-R1',
    title: 'DeepSeek-R1: Incentivizing Reasoning Capability in LLMs via Reinforcement Learning',
  },
  '2503.05379': {
    short: 'R1-Omni',
    title: 'R1-Omni: Explainable Omni-Multimodal Emotion Recognition with Reinforcement Learning',
  },
  '2503.14476': {
    short: 'DAPO',
    title: 'DAPO: An Open-Source LLM Reinforcement Learning System at Scale',
  },
  '2503.20783': {
    short: 'Dr. GRPO',
    title: 'Understanding R1-Zero-Like Training: A Critical Perspective',
  },
  '2505.07291': {
    short: 'INTELLECT-2',
    title: 'INTELLECT-2: A Reasoning Model Trained Through Globally Decentralized Reinforcement Learning',
  },
  '2506.01939': {
    short: '80/20',
    title:
      'Beyond the 80/20 Rule: High-Entropy Minority Tokens Drive Effective Reinforcement Learning for LLM Reasoning',
  },
  '2506.13585': {
    short: 'CISPO',
    title: 'MiniMax-M1: Scaling Test-Time Compute Efficiently with Lightning Attention',
  },
  '2507.18071': { short: 'GSPO', title: 'Group Sequence Policy Optimization' },
  '2508.08221': {
    short: 'Lite PPO',
    title: 'Part I: Tricks or Traps? A Deep Dive into RL for LLM Reasoning',
  },
  '2510.13786': {
    short: 'ScaleRL',
    title: 'The Art of Scaling Reinforcement Learning Compute for LLMs',
  },
  '2510.23506': {
    short: 'ERV',
    title: 'Emotion-Coherent Reasoning for Multimodal LLMs via Emotional Rationale Verifier',
  },
  '2511.20347': { short: 'SAPO', title: 'Soft Adaptive Policy Optimization' },
  '2512.02556': {
    short: 'DeepSeek-V3.2',
    title: 'DeepSeek-V3.2: Pushing the Frontier of Open Large Language Models',
  },
  '2601.05242': {
    short: 'GDPO',
    title: 'GDPO: Group reward-Decoupled Normalization Policy Optimization for Multi-reward RL Optimization',
  },
  '2602.05261': {
    short: 'LUSPO',
    title:
      'Length-Unbiased Sequence Policy Optimization: Revealing and Controlling Response Length Variation in RLVR',
  },
  '2602.10693': {
    short: 'VESPO',
    title: 'VESPO: Variational Sequence-Level Soft Policy Optimization for Stable Off-Policy LLM Training',
  },
} as const satisfies Record<string, { short: string; title: string }>;

export type PaperId = keyof typeof PAPERS;

/** Where a paper can be read. */
export const paperAddress = (id: PaperId): string => `https://arxiv.org/abs/${id}`;
