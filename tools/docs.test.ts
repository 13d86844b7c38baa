// Pages run: a fenced block marked `weir-test` is a file of rules, and the tests that it brings along must hold.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'));
after(() => rmSync(folder, { recursive: true }));

const pages = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
  { cwd: root, encoding: 'utf8' },
)
  .split('\n')
  .filter((page) => page !== '');

const blocks = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```weir-test\n([\s\S]*?)^```/gm)].map(
    ([, rules], at) => ({
      name: `${page}, block ${at + 1}`,
      rules: rules!,
    }),
  ),
);

test('there is a page with a rule that is run', () => assert.notEqual(blocks.length, 0));

for (const { name, rules } of blocks)
  test(`the rules of ${name} do what the page says`, () => {
    const file = join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.weir`);
    writeFileSync(file, rules);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['packages/cli/bin/weir.js', 'test', file],
      { cwd: root, encoding: 'utf8' },
    );
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^[1-9]\d* passed, 0 failed, 0 drafts$/m);
  });
