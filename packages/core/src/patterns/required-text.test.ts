import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePattern } from './parse-pattern.ts';
import { requiredText } from './required-text.ts';

for (const [source, flags, text] of [
  ['abc', '', '^abc'],
  ['a.bcd|x', '', 'none'],
  ['foo.*barn.*baz', '', 'barn'],
  ['\\bab(c)d\\b', '', '^abcd'],
  ['^ab{3}c', '', '^abbbc'],
  ['ab{2,}c', '', '^abb'],
  ['a(?:xyz)+b', '', '^axyz'],
  ['(?:xy)?abc', '', 'abc'],
  ['ab*c?d{0,2}', '', '^a'],
  ['user=\\d+', 'i', '='],
  ['10\\.0\\.a', 'i', '^10.0.'],
  ['[a]b[cd]', '', '^ab'],
  ['', '', 'none'],
  ['(?:a{64}b){2}', '', `^${'a'.repeat(64)}`],
  ['x{70}y', '', `^${'x'.repeat(64)}`],
  ['(?:|a)b', '', 'b'],
] as const)
  test(`/${source}/${flags}: ${text} stands in every match`, () => {
    const parsed = parsePattern(source, flags);
    assert.ok('tree' in parsed);
    const found = requiredText(parsed.tree);
    assert.equal(found === null ? 'none' : (found.isBegin ? '^' : '') + found.text, text);
  });
