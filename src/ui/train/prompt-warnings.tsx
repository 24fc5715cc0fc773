import { promptLines } from '../../protocol/prompt-report.ts';
import { usePrompts } from '../parts/use-prompts.ts';

/** What a run would leave out for its prompts, before Start; where it is everything, Start says why. */
export function PromptWarnings() {
  const report = usePrompts();
  const warnings = report && report.asked > 0 ? promptLines(report).warnings : [];
  if (!report || warnings.length === 0) return null;
  const leavesOut = report.refused.length + report.tooLong.length > 0;
  return (
    <p className="notice" data-testid="prompt-warning">
      ⚠ {warnings.join(' ')} {leavesOut && <a href="#/data">The Data screen lists the rows.</a>}
    </p>
  );
}
