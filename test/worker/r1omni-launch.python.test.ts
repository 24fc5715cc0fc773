import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/protocol/config.ts';
import { trlSettings } from '../../src/protocol/trl-settings.ts';
import { readInPython } from '../setup/python.ts';

interface Launched {
  readonly status: number;
  readonly out: string;
  readonly said: string;
  readonly texts: Readonly<Record<string, string[]>>;
}

const GRPO = 'src/r1-v/src/open_r1/grpo.py';
const TRAINER = 'src/r1-v/src/open_r1/trainer/humanOmni_grpo_trainer.py';

it("the launcher sets in a copy of R1-Omni's trainer what its command cannot, and stops where it does not find it", () => {
  const config = parseConfig({ promptsPerStep: 4, groupSize: 2 });
  const settings = { rewards: ['accuracy', 'format'], reward_weights: [] };
  const rows = [{ video: '0.mp4', conversations: [] }];
  const found = readInPython('launch_r1omni.py', {
    'settings.json': JSON.stringify({ ...settings, steps_left: 5, grpo: trlSettings(config) }),
    'handoff/r1omni/launch.py': readFileSync('src/worker/export/python/r1omni_launch.py'),
    'handoff/r1omni/train.json': JSON.stringify(rows),
    'handoff/r1omni/model/config.json': '{}',
    'clips/0.mp4': '',
  }) as Record<string, Launched>;
  const omni = found.HumanOmni!;
  expect([omni.status, omni.texts]).toEqual([
    0,
    {
      [GRPO]: [
        "json_file_path = 'ROOT/handoff/r1omni/train.paths.json'",
        String.raw`problem = conversation["value"].replace("<video>\n<audio>\n", "")`,
        'QUESTION_TEMPLATE = "{Question}"',
        'trainer_cls = HumanOmniVLGRPOTrainer',
      ],
      [TRAINER]: ["vision = '/siglip'", "audio = '/whisper'", "bert = '/bert'", "processor = '/processor'"],
      'humanomni/model/humanomni_arch.py': ["bert_model = '/bert'", 'other = "bert-base-uncased"'],
    },
  ]);
  for (const part of [
    '--model_name_or_path=ROOT/handoff/r1omni/model ',
    '--max_steps=5 ',
    '--nproc_per_node=2 ',
  ])
    expect(omni.out).toContain(part);
  expect(omni.out).toMatch(/PYTHONPATH=ROOT\/handoff\/r1omni\/source:.*src\/r1-v:.*src\/r1-v\/src torchrun/);
  expect(omni.out).toContain('--gradient_accumulation_steps=2 ');
  expect(found['Qwen2-VL']!.texts[GRPO]!.at(-1)).toBe('trainer_cls = Qwen2VLGRPOTrainer');
  expect(found['no clips']!.said).toMatch(/^1 clips are not in ROOT\/handoff, .*Give --clips/);
  expect(found.three!.said).toMatch(/^4 prompts a step cannot be shared by 3 GPUs/);
  expect(found.another!.said).toMatch(
    /grpo\.py has no .*not the one that was read.*Set it by hand to Qwen2VL/,
  );
  expect([found.another!.status, found.three!.status, found['no clips']!.status]).toEqual([1, 1, 1]);
});
