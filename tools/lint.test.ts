// Each line that the linter draws is crossed once, in a copy of the configuration, and must be reported.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const planted = mkdtempSync(join(tmpdir(), 'weir-lint-'));
after(() => rmSync(planted, { recursive: true }));

interface Line {
  readonly fact: string;
  readonly file: string;
  readonly code: string;
  /** Part of the report: the rule, or the sentence that goes with it. */
  readonly reported: string;
}

const below = ['functions', 'patterns', 'formats', 'plan', 'state', 'sketches', 'checkpoint'];

const LINES: readonly Line[] = [
  {
    fact: 'a promise may not float',
    file: 'tools/planted-promise.ts',
    code: 'export const f = (): void => { Promise.reject(new Error("lost")); };',
    reported: 'no-floating-promises',
  },
  {
    fact: 'a switch names every kind',
    file: 'tools/planted-switch.ts',
    code: 'export function f(kind: "a" | "b"): number { let n = 0; switch (kind) { case "a": n = 1; } return n; }',
    reported: 'switch-exhaustiveness-check',
  },
  {
    fact: 'nothing is of any type',
    file: 'tools/planted-any.ts',
    code: 'export const f = (value: any): unknown => value;',
    reported: 'no-explicit-any',
  },
  {
    fact: 'files do not import each other in a ring',
    file: 'tools/planted-ring.ts',
    code: 'import { other } from "./planted-ring-other.ts"; export const one = (): number => other() + 1;',
    reported: 'no-cycle',
  },
  {
    fact: 'the core has no clock',
    file: 'packages/core/src/planted-clock.ts',
    code: 'export const now = (): number => Date.now();',
    reported: 'The core has no clock',
  },
  {
    fact: 'the core has no chance',
    file: 'packages/core/src/planted-chance.ts',
    code: 'export const dice = (): number => Math.random();',
    reported: 'The core has no chance',
  },
  {
    fact: 'the core imports nothing of Node',
    file: 'packages/core/src/planted-node.ts',
    code: 'import { readFileSync } from "node:fs"; export const read = readFileSync;',
    reported: 'The core runs anywhere',
  },
  {
    fact: 'the core knows no host',
    file: 'packages/core/src/planted-host.ts',
    code: 'import { x } from "@weir/runtime"; export const y = x;',
    reported: 'The core knows nothing of who runs it',
  },
  {
    fact: 'the engine does not know the language',
    file: 'packages/core/src/engine/match/planted.ts',
    code: 'import { x } from "../../language/epl/planted-target.ts"; export const y = x;',
    reported: 'The engine runs plans',
  },
  {
    fact: 'the language does not know the engine',
    file: 'packages/core/src/language/planted.ts',
    code: 'import { x } from "../engine/planted-target.ts"; export const y = x;',
    reported: 'The language makes plans',
  },
  ...below.map((folder) => ({
    fact: `${folder} lies below language and engine`,
    file: `packages/core/src/${folder}/planted.ts`,
    code: 'import { x } from "../engine/planted-target.ts"; import { z } from "../language/epl/planted-target.ts"; export const y = [x, z];',
    reported: `${folder}/ lies below language and engine`,
  })),
  {
    fact: 'nothing imports the command line',
    file: 'packages/runtime/src/planted.ts',
    code: 'import { x } from "@weir/cli"; export const y = x;',
    reported: 'Nothing imports the command line',
  },
  {
    fact: 'the reference does not use the engine',
    file: 'tests/reference/planted.ts',
    code: 'import { x } from "../../packages/core/src/engine/planted-target.ts"; export const y = x;',
    reported: 'must not use the engine',
  },
];

/** Files that the lines above import, and files that cross no line. */
const INNOCENT: Readonly<Record<string, string>> = {
  'tools/planted-ring-other.ts':
    'import { one } from "./planted-ring.ts"; export const other = (): number => one() - 1;',
  'packages/core/src/engine/planted-target.ts': 'export const x = 1;',
  'packages/core/src/language/epl/planted-target.ts': 'export const x = 1;',
  'packages/core/src/engine/innocent.ts':
    'import { y } from "../plan/innocent.ts"; export const z = y;',
  'packages/core/src/plan/innocent.ts': 'export const y = Math.max(1, 2);',
  'packages/core/src/engine/innocent.test.ts':
    'import { readFileSync } from "node:fs"; export const read = readFileSync;',
};

interface Report {
  readonly filename: string;
  readonly code: string;
  readonly message: string;
  readonly help?: string;
}

function lintPlanted(): Report[] {
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'tsconfig.base.json'])
    cpSync(join(root, name), join(planted, name));
  symlinkSync(join(root, 'node_modules'), join(planted, 'node_modules'), 'junction');
  const files = [
    ...LINES.map(({ file, code }) => [file, code] as const),
    ...Object.entries(INNOCENT),
  ];
  for (const [file, code] of files) {
    mkdirSync(join(planted, dirname(file)), { recursive: true });
    writeFileSync(join(planted, file), `${code}\n`);
  }
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  const { stdout } = spawnSync(process.execPath, [oxlint, '--type-aware', '--format=json'], {
    cwd: planted,
    encoding: 'utf8',
    env: { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) },
  });
  return (JSON.parse(stdout) as { diagnostics: Report[] }).diagnostics;
}

const reports = lintPlanted();
const reportsOf = (file: string): string =>
  reports
    .filter(({ filename }) => filename.replaceAll('\\', '/') === file)
    .map(({ code, message, help = '' }) => `${code} ${message} ${help}`)
    .join('\n');

for (const { fact, file, reported } of LINES)
  test(`lint: ${fact}`, () =>
    assert.ok(
      reportsOf(file).includes(reported),
      `not reported: ${reported}; reported: ${reportsOf(file)}`,
    ));

test('lint: what crosses no line is not reported', () => {
  const innocent = Object.keys(INNOCENT).filter((file) => !file.includes('ring'));
  assert.equal(innocent.map(reportsOf).join(''), '');
});
