/**
 * `npm run parity -- DIR… [--json] [--adapter swiftshader|lavapipe|default]`: compares the engine with recorded numbers of
 * the published code. One line a quantity with its error and bound; the exit status is 1 when a bound is missed. A GPU computes as
 * in the studio: in the ways that were found fastest on it.
 */
import { Gpu } from '../gpu/index.ts';
import { treeFromDisk } from '../io/files/disk.ts';
import { describeError, InputError } from '../math/errors.ts';
import { tune, variantsOf } from '../ops/tuning/tune.ts';
import { openNodeDevice } from './adapter.ts';
import { caseFolders } from './parity/folders.ts';
import { comparisonFor } from './parity/kinds.ts';
import { type FolderReport, folderLine, jsonReport, passes, quantityLine } from './parity/report.ts';

const USAGE =
  'npm run parity -- DIR… [--json] [--adapter swiftshader|lavapipe|default], DIR a folder with a case.json.';

function parseArguments(argv: readonly string[]): { folders: string[]; json: boolean } {
  const unknown = argv.find((argument) => argument.startsWith('--') && argument !== '--json');
  if (unknown !== undefined) throw new InputError(`Unknown argument ${unknown}.`, { hint: USAGE });
  const paths = argv.filter((argument) => !argument.startsWith('--'));
  if (paths.length === 0) throw new InputError('No folder given.', { hint: USAGE });
  return { folders: paths.flatMap(caseFolders), json: argv.includes('--json') };
}

/** Compares one folder; whatever goes wrong there is its own problem. */
async function compareFolder(folder: string, gpu: Gpu): Promise<FolderReport> {
  let kind: string | undefined;
  try {
    const tree = await treeFromDisk(folder);
    const comparison = await comparisonFor(tree);
    kind = comparison.kind;
    return { folder, kind, quantities: await comparison.compare(tree, gpu) };
  } catch (error) {
    return { folder, kind, quantities: [], problem: describeError(error) };
  }
}

async function main(): Promise<void> {
  const { folders, json } = parseArguments(process.argv.slice(2));
  const { device, info } = await openNodeDevice();
  const gpu = new Gpu(device, { info });
  if (!gpu.isSoftware) gpu.traits = { ...gpu.traits, variants: variantsOf(await tune(gpu)) };
  const reports: FolderReport[] = [];
  for (const folder of folders) {
    const report = await compareFolder(folder, gpu);
    reports.push(report);
    if (!json) console.log([...report.quantities.map(quantityLine), folderLine(report)].join('\n'));
  }
  if (json) console.log(jsonReport(info.description, reports));
  device.destroy();
  process.exitCode = reports.every(passes) ? 0 : 1;
}

main().catch((error) => {
  console.error(describeError(error));
  process.exitCode = 1;
});
