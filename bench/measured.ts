// Where figures go: with the machine, the commit and the way of measuring, or they mean nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export type Row = Readonly<Record<string, string | number | boolean>>;

function commit(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim();
  try {
    return (
      git('rev-parse', '--short=12', 'HEAD') +
      (git('status', '--porcelain', 'packages') === '' ? '' : ' and changes')
    );
  } catch {
    return 'unknown';
  }
}

export const machine = (): Row => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${release()} ${arch()}`,
  node: process.version,
  commit: commit(),
});

/** `bench/results/NAME.json` and `.md`; the question, the machine, the rows, and what follows from them. */
export function saveResult(
  name: string,
  question: string,
  rows: readonly Row[],
  finding: string,
): void {
  const folder = join(root, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const facts = { question, machine: machine(), rows, finding };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`);
  const text = `# ${question}\n\n${finding}\n\n${table(rows)}\n\n${table([facts.machine])}\n`;
  writeFileSync(join(folder, `${name}.md`), text);
  console.log(`\n${text}`);
}

function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = (row: Row): string => names.map((name) => shown(row[name])).join(' | ');
  return [
    `| ${names.join(' | ')} |`,
    `|${names.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${cells(row)} |`),
  ].join('\n');
}

function shown(value: Row[string] | undefined): string {
  if (typeof value !== 'number') return String(value ?? '');
  return Number.isInteger(value) ? value.toLocaleString('en-US') : value.toPrecision(4);
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Linux can hold a process on one core; elsewhere the run is not pinned, and the result says so. */
export const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** Runs a program under this Node, on one core where possible, and reads the JSON of its last line. */
export function runOnOneCore(
  program: string,
  programArguments: readonly string[],
  nodeArguments: readonly string[] = [],
): unknown {
  const words = [process.execPath, ...nodeArguments, join(root, program), ...programArguments];
  const [command = '', ...rest] = canPin ? ['taskset', '-c', '0', ...words] : words;
  const { status, stdout } = spawnSync(command, rest, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}
