// docs/threats.md names a test for each promise. Here: each of them is there, under that name.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const page = readFileSync(new URL('../docs/threats.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\|([^|]+)\| +\[[^\]]+\]\(([^)]+)\): ([^|]+?) *\|$/gm)].map(
  ([, promise = '', file = '', name = '']) => ({ promise: promise.trim(), file, name }),
);

test('there are promises to operators, to authors of other rules, and to the author of a rule', () => {
  assert.equal((page.match(/^## To /gm) ?? []).length, 3);
  // All rows of all tables were read.
  const lines = page.split('\n').filter((line) => line.startsWith('| '));
  assert.equal(rows.length, lines.length - 2 * 3);
});

for (const { promise, file, name } of rows)
  test(`held: ${promise}`, () => {
    const path = fileURLToPath(new URL(`../docs/${file}`, import.meta.url));
    const source = readFileSync(path, 'utf8');
    const names = [...source.matchAll(/\btest\(\s*(['`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(
      ([, , text = '']) => text,
    );
    assert.ok(
      names.some((one) => one.includes(name)),
      `${file} has no test named: ${name}`,
    );
  });
