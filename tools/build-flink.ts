// Builds the Java module of the Flink job and runs its own tests: `node tools/build-flink.ts`.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleEngine } from './bundle-engine.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const module = join(root, 'flink');

export interface JavaTests {
  readonly passed: number;
  readonly failed: number;
  /** Why nothing was built; null: it was. */
  readonly leftOut: string | null;
}

/** What is missing to build it, in words; null: nothing is. */
function whatIsMissing(): string | null {
  const runs = (program: string, argument: string): boolean =>
    spawnSync(program, [argument], { stdio: 'ignore' }).status === 0;
  if (!runs('javac', '-version')) return 'there is no JDK here (17 or newer)';
  return runs('mvn', '-v') ? null : 'there is no Maven here';
}

export function buildFlink(): JavaTests {
  const missing = whatIsMissing();
  if (missing !== null) return { passed: 0, failed: 0, leftOut: missing };
  bundleEngine(join(module, 'bundle'));
  for (const report of globSync(join(module, '*/target/surefire-reports')))
    rmSync(report, { recursive: true });
  const { status } = spawnSync('mvn', ['-B', '-ntp', '-q', 'package'], {
    cwd: module,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const tests = globSync(join(module, '*/target/surefire-reports/*.txt')).map(tallyOf);
  const passed = tests.reduce((sum, one) => sum + one.passed, 0);
  const failed = tests.reduce((sum, one) => sum + one.failed, 0);
  // A build that fails before its tests has failed as a whole.
  return { passed, failed: status === 0 ? failed : Math.max(1, failed), leftOut: null };
}

function tallyOf(report: string): { readonly passed: number; readonly failed: number } {
  const [, run = '0', failures = '0', errors = '0'] =
    /Tests run: (\d+), Failures: (\d+), Errors: (\d+)/.exec(readFileSync(report, 'utf8')) ?? [];
  const failed = Number(failures) + Number(errors);
  return { passed: Number(run) - failed, failed };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed, leftOut } = buildFlink();
  console.log(leftOut === null ? `flink/: ${passed} tests passed, ${failed} failed` : leftOut);
  process.exitCode = failed === 0 && leftOut === null ? 0 : 1;
}
