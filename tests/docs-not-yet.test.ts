import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { notYet } from '../packages/core/src/language/diagnostics/codes.ts';

test('the section "Not yet" lists exactly what is refused by name', () => {
  const text = readFileSync(new URL('../docs/language.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## 16. Not yet'));
  const listed = [...section.matchAll(/^\| (E\d+) +\| (.+?) +\|$/gm)].map(
    ([, code, words]) => `${code} ${words}`,
  );
  assert.deepEqual(
    listed,
    notYet.map(({ code, words }) => `${code} ${words}`),
  );
});
