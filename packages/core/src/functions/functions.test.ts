import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeHost } from '../../../runtime/src/realm.ts';
import { readerMark } from '../plan/event-reader.ts';
import { noSources } from '../language/config/config.ts';
import { compile } from '../language/compile.ts';
import { library } from './index.ts';
import { instantiate } from './instantiate.ts';

const host = makeHost();
const EVENT = {
  [readerMark]: true as const,
  get: () => undefined,
  at: () => undefined,
  whole: () => ({}),
};

/** The value of an expression, as rules get it. */
function valueOf(expression: string): unknown {
  const { plan, diagnostics } = compile(
    [{ name: 'f.weir', text: `RULE "f" SOURCES a = 'b' FILTER ${expression}` }],
    { sources: noSources },
  );
  assert.deepEqual(diagnostics, [], expression);
  const code = plan.rules[0]!.filter!;
  return (instantiate(code, new Int32Array(), host.compile) as (event: typeof EVENT) => unknown)(
    EVENT,
  );
}

for (const { name, examples, summary, takes, gives } of library)
  test(`utils.${name} gives what its page says`, () => {
    assert.ok(summary.length > 10 && gives.length > 3 && Object.keys(takes).length > 0);
    assert.ok(examples.length >= 2);
    for (const { call, gives: expected } of examples)
      assert.deepEqual(valueOf(call), expected, call);
  });

test('no function of the library throws, whatever it is given', () => {
  const odd: readonly unknown[] = [
    undefined,
    null,
    true,
    0,
    -1,
    1e308,
    NaN,
    '',
    'x',
    '\ud800',
    '%',
    '%zz',
    '::',
    '1.2.3.4/99',
    'a'.repeat(2000),
    [],
    [[]],
    {},
    { length: -1 },
    ['x', null],
  ];
  for (const { name, run } of library)
    for (const a of odd)
      for (const b of odd) assert.doesNotThrow(() => run(a, b), `${name}(${String(a)}, …)`);
});
