// What a call of a rule may use, on code that uses it up in every way there is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeHost } from '../../../runtime/src/realm.ts';
import { compile } from '../language/compile.ts';
import { noSources } from '../language/config/config.ts';
import {
  arm,
  defaultCallLimits,
  grow,
  LimitBroken,
  listing61Limits,
  noCallLimits,
  charge,
  used,
  useClock,
  type CallLimits,
} from './budget.ts';
import { instantiate } from './instantiate.ts';

const host = makeHost();

/** The limit that a SINK breaks; null: none. */
function broken(
  code: string,
  limits: CallLimits = defaultCallLimits,
  event: object = {},
): string | null {
  const text = `RULE 'r' SOURCES a = 'b' SINK ${code}`;
  const { plan, diagnostics } = compile([{ name: 'r.weir', text }], { sources: noSources });
  const wrong = diagnostics.find(({ severity }) => severity === 'error');
  assert.equal(wrong, undefined, `${code}: ${wrong?.message}`);
  const { sink } = plan.rules[0]!;
  const slots = Int32Array.from(sink!.paths, (_path, i) => i);
  const call = instantiate(sink!, slots, host.compile) as (event: object) => unknown;
  arm(limits);
  try {
    call(event);
    return null;
  } catch (error) {
    if (!LimitBroken.is(error)) throw error;
    return error.limit;
  } finally {
    arm(noCallLimits);
  }
}

test('every loop and every way to call oneself ends', () => {
  const endless = [
    '(event) => { for (;;) {} }',
    '(event) => { while (true) {} }',
    '(event) => { do {} while (true); }',
    '(event) => { for (let i = 0; ; i++) if (i < 0) break; }',
    '(event) => { const l = [1]; for (const x of l) l.push(x); }',
    '(event) => { while ("\u0001") {} }',
  ];
  for (const code of endless) assert.match(String(broken(code)), /^(?:steps|bytes)$/, code);
  const deep = [
    '(event) => { const f = () => f(); return f(); }',
    'function f(event) { return f(event); }',
    'function f({ a = f({}) }) { return a; }',
    '(event) => { function a() { return b(); } function b() { return a(); } return a(); }',
    '(event) => { const f = (x) => [x].map(f); return f(1); }',
    '(event) => { const f = (a, b) => [2, 1].sort(f).length; return f(); }',
    '(event) => { const o = { toJSON: () => JSON.stringify(o) }; return JSON.stringify(o); }',
  ];
  for (const code of deep) assert.equal(broken(code), 'depth', code);
  const fib =
    '(event) => { const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)); return fib(40); }';
  assert.equal(broken(fib), 'steps');
});

test('depth counts calls that are open, not calls that were', () => {
  const limits = { ...defaultCallLimits, depth: 3 };
  assert.equal(
    broken(
      '(event) => { const f = (n) => n; const g = (n) => f(n); for (let i = 0; i < 99; i++) g(i); return 1; }',
      limits,
    ),
    null,
  );
  assert.equal(
    broken(
      '(event) => { const g = (n) => { if (n > 1) return f(n); return 0; }; const f = (n) => n; for (let i = 0; i < 99; i++) g(i); return 1; }',
      limits,
    ),
    null,
  );
  assert.equal(
    broken(
      '(event) => { const e = () => 1; const f = () => e(); const g = () => f(); return g(); }',
      limits,
    ),
    'depth',
  );
});

test('memory of every shape is bounded', () => {
  const bombs = [
    "(event) => { let s = 'xxxxxxxxxxxxxxxx'; const l = []; for (;;) l.push(s + l.length); }",
    '(event) => { const l = []; for (;;) l.push(l.length); }',
    '(event) => { const o = {}; for (let i = 0; ; i++) o["k" + i] = i; }',
    '(event) => { let l = [1]; for (;;) l = [...l, ...l]; }',
    '(event) => { let l = [1]; for (;;) l = l.concat(l); }',
    '(event) => { let o = null; for (;;) o = { o, p: [o] }; }',
    '(event) => { let l = [1]; for (let i = 0; i < 60; i++) l = [l, l]; return JSON.stringify(l); }',
    '(event) => { let l = [1]; for (let i = 0; i < 60; i++) l = [l, l]; return l.join(); }',
    '(event) => { let l = [1]; for (let i = 0; i < 60; i++) l = [l, l]; return l == 1; }',
    '(event) => { let l = [1]; for (let i = 0; i < 60; i++) l = [l, l]; return l * 2; }',
    '(event) => { let l = [1]; for (let i = 0; i < 60; i++) l = [l, l]; return l.flat(100); }',
    "(event) => { const big = 'x'.repeat(900000); const l = []; for (let i = 0; ; i++) { const s = big + i; s['0']; l.push(s); } }",
    "(event) => { const big = 'x'.repeat(900000); for (let i = 0; ; i++) { const s = big + i; s.charCodeAt(i); } }",
    "(event) => { const big = 'x'.repeat(900000); const l = []; for (;;) l.push(big.split('')); }",
    "(event) => { const big = 'a'.repeat(900000); for (;;) big.toUpperCase(); }",
    "(event) => 'a'.repeat(1e6).replaceAll('a', 'bbb')",
  ];
  for (const code of bombs) {
    const before = process.memoryUsage().heapUsed;
    const limit = (() => {
      try {
        return broken(code);
      } catch (error) {
        return (error as Error).message;
      }
    })();
    assert.match(String(limit), /^(?:steps|bytes|a list is nested)/, code);
    assert.ok(process.memoryUsage().heapUsed - before < 256 * 2 ** 20, code);
  }
});

test('texts do not grow beyond a million characters', () => {
  const growing = [
    "(event) => { let s = 'xy'; for (let i = 0; i < 60; i++) s += s; return s; }",
    "(event) => { let s = 'xy'; for (let i = 0; i < 60; i++) s = `${s}${s}`; return s; }",
    "(event) => 'x'.repeat(1e9)",
    "(event) => 'x'.padStart(1e9)",
    "(event) => 'a'.repeat(5e5).replace('a', \"$'$'$'\")",
  ];
  for (const code of growing) assert.throws(() => broken(code), /may not grow beyond/, code);
});

test('what is plain code of any length costs a call nothing of its own', () => {
  arm(defaultCallLimits);
  assert.deepEqual(used(), { steps: 0, bytes: 0 });
  assert.equal(
    broken("(event) => event.a == 'x' && event.b > 5", {
      ...defaultCallLimits,
      steps: 0,
      bytes: 0,
    }),
    null,
  );
});

test('a size that cannot be counted is not free', () => {
  for (const size of [Number.NaN, -1, Infinity, 2 ** 40]) {
    arm(defaultCallLimits);
    assert.throws(() => charge(size), LimitBroken);
    assert.throws(() => grow(size), LimitBroken);
  }
  arm(noCallLimits);
});

test('the clock is asked only by a call that is long, and ends it', () => {
  let asked = 0;
  let now = 0;
  useClock(() => {
    asked++;
    return (now += 1);
  });
  assert.equal(broken('(event) => event.a', listing61Limits), null);
  assert.equal(asked, 0);
  assert.equal(broken('(event) => { for (;;) {} }', listing61Limits), 'cpu');
  assert.ok(asked > 3 && asked < 30, `${asked}`);
  useClock(null);
  assert.equal(broken('(event) => { for (;;) {} }', listing61Limits), 'steps');
});

test('rule code can neither make a broken limit nor catch one', () => {
  assert.ok(!LimitBroken.is({ limit: 'steps', message: 'x' }));
  assert.ok(!LimitBroken.is(Object.create(LimitBroken.prototype)));
  assert.ok(LimitBroken.is(new LimitBroken('steps', 'x')));
});

test('SINK may change all of what it gets, and nobody else sees it', () => {
  const event = Object.freeze({ o: Object.freeze({ list: Object.freeze([1]) }) });
  assert.equal(
    broken(
      '(event) => { event.o.list.push(2); event.o.x = 1; return event; }',
      defaultCallLimits,
      event,
    ),
    null,
  );
  assert.deepEqual(event, { o: { list: [1] } });
});
