/** Debian's ffmpeg, by which commands read clips. */
import { execFileSync } from 'node:child_process';

export function ffmpegIsThere(): boolean {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
