// docs/rule-javascript.md, row by row.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInThisContext } from 'node:vm';
import {
  arm,
  defaultCallLimits,
  listing61Limits,
  noCallLimits,
} from '../../packages/core/src/functions/budget.ts';
import { instantiate } from '../../packages/core/src/functions/instantiate.ts';
import { methodNames } from '../../packages/core/src/functions/methods.ts';
import { isNoMatch } from '../../packages/core/src/functions/no-match.ts';
import { compile } from '../../packages/core/src/language/compile.ts';
import { noSources } from '../../packages/core/src/language/config/config.ts';
import { type EventReader } from '../../packages/core/src/plan/event-reader.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import { makeHost } from '../../packages/runtime/src/realm.ts';
import { PlainReader } from './plain-reader.ts';

const page = readFileSync(new URL('../../docs/rule-javascript.md', import.meta.url), 'utf8');
const host = makeHost();

function frozen(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) frozen(part as Json);
  return Object.freeze(value);
}

const EVENT = frozen(JSON.parse(/```json\n([\s\S]*?)```/.exec(page)![1]!) as Json);

/** Rows of the table under a heading, each cell without its blanks. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** The code of a cell, without its marks. */
function codeOf(cell: string): string {
  const marked = /^(`+) ?([\s\S]*?) ?\1$/.exec(cell);
  assert.ok(marked, cell);
  return marked[2]!.replaceAll('\\|', '|').replaceAll('\\`', '`');
}

type Ran =
  { readonly codes: readonly string[] } | { readonly value: unknown } | { readonly threw: unknown };

function run(code: string): Ran {
  const text = `RULE 'r' SOURCES a = 'b' FILTER ${code}`;
  const { plan, diagnostics } = compile([{ name: 'r.weir', text }], { sources: noSources });
  const codes = diagnostics.filter(({ severity }) => severity === 'error').map((one) => one.code);
  if (codes.length > 0) return { codes };
  const filter = plan.rules[0]!.filter!;
  const slots = Int32Array.from(filter.paths, (_path, i) => i);
  const call = instantiate(filter, slots, host.compile) as (event: EventReader) => unknown;
  arm(defaultCallLimits);
  try {
    return { value: call(new PlainReader(filter.paths, EVENT)) };
  } catch (threw) {
    return { threw };
  } finally {
    arm(noCallLimits);
  }
}

const asJson = (value: unknown): string =>
  value === undefined ? 'undefined' : JSON.stringify(value);

function assertGives(code: string, wanted: string): void {
  const ran = run(code);
  assert.ok(
    'value' in ran,
    `${code}: ${JSON.stringify(ran)} ${'threw' in ran ? String(ran.threw) : ''}`,
  );
  assert.equal(asJson(ran.value), wanted, code);
}

function plainly(code: string): unknown {
  const text = /^(?:function|\(?\(?[\w{][^()]*\)? =>)/.test(code)
    ? `(${code})`
    : `(event) => (${code})`;
  return (runInThisContext(text) as (event: Json) => unknown)(EVENT);
}

test('what is allowed gives what the page says', () => {
  const rows = rowsUnder('Allowed');
  assert.ok(rows.length > 30);
  for (const [code, gives] of rows) assertGives(codeOf(code!), codeOf(gives!));
});

test('what is refused has the code that the page says, and what is to be written instead is allowed', () => {
  const rows = rowsUnder('Refused');
  assert.ok(rows.length > 35);
  for (const [cell, wanted, , instead] of rows) {
    const code = codeOf(cell!);
    const ran = run(code);
    if (wanted === 'ok') assert.ok('value' in ran, code);
    else
      assert.ok('codes' in ran && ran.codes.includes(wanted!), `${code}: ${JSON.stringify(ran)}`);
    if (instead === '') continue;
    const other = run(codeOf(instead!));
    assert.ok(!('codes' in other), `${instead}: ${JSON.stringify(other)}`);
  }
});

test('what differs from JavaScript differs as the page says', () => {
  const rows = rowsUnder('What differs');
  assert.ok(rows.length > 12);
  for (const [cell, javascript, rule] of rows) {
    const code = codeOf(cell!);
    const ran = run(code);
    if (rule === 'fails') assert.ok('threw' in ran && !isNoMatch(ran.threw), code);
    else if (rule === 'no match') assert.ok('threw' in ran && isNoMatch(ran.threw), code);
    else if (rule === 'refused') assert.ok('codes' in ran, code);
    else assertGives(code, codeOf(rule!));
    if (javascript === 'throws') assert.throws(() => plainly(code), code);
    else if (javascript === 'a function') assert.equal(typeof plainly(code), 'function', code);
    else if (
      javascript!.startsWith('`') &&
      !javascript!.includes('…') &&
      code !== 'event.list.push(4)'
    )
      assert.equal(asJson(plainly(code)), codeOf(javascript!), code);
  }
});

test('the page names all methods and the limits as they are', () => {
  for (const name of methodNames) assert.match(page, new RegExp(`[\\s\`]${name}[\\s\`]`), name);
  const values = new Map(rowsUnder('Limits').map(([name, ...rest]) => [name, rest]));
  const number = (text: string): number | null => {
    const [, digits, unit] = /^([\d,]+)(?: (KiB|MiB))?$/.exec(text) ?? [];
    if (digits === undefined) return null;
    return (
      Number(digits.replaceAll(',', '')) * (unit === 'MiB' ? 2 ** 20 : unit === 'KiB' ? 1024 : 1)
    );
  };
  for (const [column, limits] of [defaultCallLimits, listing61Limits].entries())
    for (const [name, value] of Object.entries(limits))
      assert.equal(number(values.get(name)![column]!), value, name);
});
