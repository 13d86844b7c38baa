// What a call of a rule may use, on code that uses it up in every way there is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeHost } from '../../../runtime/src/realm.ts';
import { compile } from '../language/compile.ts';
import { noSources } from '../language/config/config.ts';
import {
  arm,
  armLate,
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
import { PlainReader } from '../../../../tests/rule-code/plain-reader.ts';

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

test('light code is charged nothing for what is short, and out of its own budget for what is long', () => {
  const nothing = { ...defaultCallLimits, steps: 0, bytes: 0 };
  const light = [
    'event.t < event.u',
    'event.t === event.u',
    "event.t + event.u == 'x'",
    'event.t * 2 > 5',
    "utils.matches(event.t, '(a|b)*c(d|e)*')",
    "!/^(x+x+)+y/.test(event.t) && event.u != 'root'",
  ];
  for (const filter of light) {
    const text = `RULE 'r' SOURCES a = 'b' FILTER ${filter}`;
    const { plan } = compile([{ name: 'r.weir', text }], { sources: noSources });
    const code = plan.rules[0]!.filter!;
    assert.ok(code.isLight, filter);
    const call = instantiate(
      code,
      Int32Array.from(code.paths, (_path, i) => i),
      host.compile,
    ) as (event: unknown) => unknown;
    const of = (t: string): void => {
      // What is left of the call before is plenty.
      arm(noCallLimits);
      armLate(nothing);
      call(new PlainReader(code.paths, { t, u: t }));
    };
    if (!filter.includes('+ event.u')) of('5');
    assert.throws(() => of('x'.repeat(100_000)), LimitBroken, filter);
  }
  arm(noCallLimits);
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

test('what takes V8 long for little text is paid for', () => {
  const a = (count: number): string => 'a'.repeat(count);
  const loop = (rounds: number, code: string): string =>
    `(event) => { for (let i = 0; i < ${rounds}; i++) { ${code} } }`;
  const ends = (count: number): string =>
    Array.from({ length: count }, (_, i) => `event.t.lastIndexOf('${a(120 + i)}b');`).join(' ');
  const dear: readonly (readonly [code: string, event?: object])[] = [
    // Backwards each place is compared.
    [loop(2000, 'event.t.lastIndexOf(event.p);'), { t: a(1024), p: `${a(511)}b` }],
    [loop(500, ends(8)), { t: a(256) }],
    // A text that is only begun is copied whole.
    [loop(20, "'b'.padStart(40, event.t.repeat(900) + i);"), { t: a(1000) }],
    [loop(20, "'b'.padEnd(40, event.t.repeat(900) + i);"), { t: a(1000) }],
    // A `?` is tried at every place.
    [`(event) => utils.like(event.t, '*${'?'.repeat(5000)}b*')`, { t: a(200_000) }],
    [`(event) => utils.anywhere(event.t, '*${'?'.repeat(5000)}b*')`, { t: a(200_000) }],
    [
      loop(100, 'utils.like(event.t, event.l);'),
      { t: a(250), l: new Array(100).fill(`*${a(120)}?b*`) },
    ],
    [loop(2000, 'utils.glob(event.t, event.p);'), { t: a(250), p: `*${a(120)}b*` }],
    // A wrong run of bytes is told from a right one.
    [loop(1000, 'utils.urlDecode(event.t);'), { t: '%41+%ff'.repeat(36) }],
    // Many pieces of one text.
    [loop(1500, `\`${'${event.t}'.repeat(500)}\`;`), { t: a(200) }],
    // Numbers far apart, and with many digits.
    [loop(30_000, 'event.n % 3.3e-300 + event.n % 3e-300 + event.n % 2e-300;'), { n: 1.7e307 }],
    [loop(30_000, '+event.t; +event.t;'), { t: `8.${'9007199254740993'.repeat(15)}e-300` }],
    [loop(30_000, 'event.t < 1; event.t < 2;'), { t: `8.${'9007199254740993'.repeat(15)}e-300` }],
  ];
  for (const [code, event] of dear)
    assert.match(String(broken(code, defaultCallLimits, event)), /^(?:steps|bytes)$/, code);
});

test('a text in pieces that a function of utils reads is paid for, also outside of loops', () => {
  const ask = (call: (text: string) => string): string =>
    `(event) => { const t = event.t.repeat(900); return [${Array.from({ length: 20 }, (_, i) => call(`t + ${i}`)).join(', ')}]; }`;
  for (const code of [
    ask((text) => `/b$/.test(${text})`),
    ask((text) => `utils.endsWithIgnoreCase(${text}, 'x')`),
    ask((text) => `utils.endsWithIgnoreCase([${text}], 'x')`),
  ])
    assert.match(
      String(broken(code, defaultCallLimits, { t: 'a'.repeat(1000) })),
      /^(?:steps|bytes)$/,
      code,
    );
});

test('functions that are called as known ones are count how deep they are', () => {
  for (const code of [
    'event => { const String = (n) => n > 0 ? 1 + String(n - 1) : 0; return String(5000); }',
    'event => { function isNaN(n) { return n > 0 ? 1 + isNaN(n - 1) : 0; } return isNaN(5000); }',
    'event => { const f = (Number, n) => n > 0 ? 1 + Number(Number, n - 1) : 0; return f(f, 5000); }',
    'event => { const f = ({ Number, n }) => n > 0 ? 1 + Number({ Number, n: n - 1 }) : 0; return f({ Number: f, n: 5000 }); }',
  ])
    for (const limits of [defaultCallLimits, listing61Limits])
      assert.equal(broken(code, limits), 'depth', code);
});

test('numbers that are made texts, and names, are paid for', () => {
  const broke = (code: string): string | null =>
    broken(
      `(event) => { const o = event.o; for (let i = 0; i < 20000; i++) { ${code} } }`,
      { ...listing61Limits, cpuMs: null },
      { o: { a: 1 }, n: 0.37 },
    );
  assert.equal(broke('const x = event.n + i; String(x); String(x + 0.1);'), 'bytes');
  assert.equal(broke('const x = event.n + i; o[x]; o[x + 0.1];'), 'bytes');
  assert.equal(broke('const x = event.n * i; x in o; (x + 0.1) in o;'), 'bytes');
  assert.equal(broke('o[i];'), null);
});

test('nothing that a rule makes is kept after its call', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heldBytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heldBytes();
  for (let i = 0; i < 40; i++)
    for (const code of [
      `utils.inCidr('10.0.0.1', event.t.repeat(900) + ${i} + '/8')`,
      `utils.find('b', 'a', event.t.repeat(900) + ${i})`,
      `utils.find('b', event.t.repeat(900) + ${i})`,
      `utils.sha256(event.t.repeat(200) + ${i})`,
    ])
      broken(`(event) => ${code}`, noCallLimits, { t: 'x'.repeat(1000) });
  assert.ok(heldBytes() - before < 10 * 2 ** 20, `${heldBytes() - before} bytes are kept`);
});
