// `npm test`: everything that must hold before a change is taken. Ends with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { buildFlink, type JavaTests } from './build-flink.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const TEST_FOLDERS = ['packages', 'tests', 'tools', 'bench', 'demo', 'rules'];

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** Checks that need no running code. Each counts as one. */
const CHECKS: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'types of the core', command: ['typescript/bin/tsc', '-p', 'packages/core'] },
  { name: 'types of everything', command: ['typescript/bin/tsc', '-p', '.'] },
  { name: 'lint', command: ['oxlint/bin/oxlint', '--type-aware', '--deny-warnings'] },
];

function check({
  name,
  command: [script = '', ...scriptArguments],
}: (typeof CHECKS)[number]): boolean {
  const { status } = spawnSync(process.execPath, [`node_modules/${script}`, ...scriptArguments], {
    cwd: root,
    stdio: 'inherit',
  });
  console.log(`${status === 0 ? '✔' : '✖'} ${name}`);
  return status === 0;
}

function testFiles(chosen: readonly string[]): string[] {
  const patterns =
    chosen.length > 0 ? chosen : TEST_FOLDERS.map((folder) => `${folder}/**/*.test.ts`);
  return globSync(patterns, { cwd: root, exclude: (path) => path.includes('node_modules') }).sort();
}

/** Runs the files, each in a process of its own, and counts single tests (a suite is not a test). */
function runTests(files: readonly string[]): Promise<Tally> {
  let passed = 0;
  let failed = 0;
  return new Promise((resolve, reject) => {
    const stream = run({
      files: [...files],
      cwd: root,
      concurrency: Math.max(1, Math.min(4, cpus().length)),
    });
    stream.on('test:summary', ({ file, counts }) => {
      // The summary without a file is that of the whole run.
      if (file !== undefined) return;
      passed = counts.passed;
      failed = counts.tests - counts.passed - counts.skipped - counts.todo;
    });
    stream.on('end', () => resolve({ passed, failed }));
    stream.on('error', reject);
    stream.compose(new spec()).pipe(process.stdout);
  });
}

/** Before the tests that run operators of the job. */
function javaTests(): JavaTests {
  const java = buildFlink();
  if (java.leftOut !== null)
    console.log(`! flink/ and all tests of the cluster are left out: ${java.leftOut}`);
  else console.log(`${java.failed === 0 ? '✔' : '✖'} flink/: ${java.passed} tests of its own`);
  return java;
}

const chosen = process.argv.slice(2);
const checks = chosen.length > 0 ? [] : CHECKS.map(check);
const java = chosen.length > 0 ? { passed: 0, failed: 0 } : javaTests();
const files = testFiles(chosen);
const tests = await runTests(files);
const passed = java.passed + tests.passed + checks.filter((held) => held).length;
// A run that found no test at all has proved nothing.
const failed =
  java.failed + tests.failed + checks.filter((held) => !held).length + (files.length === 0 ? 1 : 0);

process.stdout.write('', () => {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
});
