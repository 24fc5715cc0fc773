import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { InputError } from '../../math/errors.ts';

/** Where it lies in a checkout. */
const SCRIPT = 'test/bench/torch_peer.py';
const HAS_CUDA = 'import sys, torch; sys.exit(0 if torch.cuda.is_available() else 1)';
const MOST_MS = 600_000;

/** What the peer printed: of the file given, or run here where python3 has torch with CUDA; undefined without either. */
export function torchPeer(file: string | undefined, small: boolean): unknown {
  if (file !== undefined) return parse(readFileSync(file, 'utf8'), file);
  if (!existsSync(SCRIPT) || spawnSync('python3', ['-c', HAS_CUDA]).status !== 0) return undefined;
  const args = [SCRIPT, ...(small ? ['--small'] : [])];
  const { status, stdout, stderr } = spawnSync('python3', args, { encoding: 'utf8', timeout: MOST_MS });
  if (status !== 0) throw new InputError(`${SCRIPT} failed: ${stderr.trim().split('\n').at(-1)}`);
  return parse(stdout, SCRIPT);
}

function parse(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(`${from}: no JSON; found ${JSON.stringify(text.slice(0, 60))}.`, {
      hint: `Give --torch a file with what "python3 ${SCRIPT}" printed.`,
    });
  }
}
