// Rules are other people's code. Each snippet is refused by the compiler, or runs without reaching anything.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeHost } from '../../../../runtime/src/realm.ts';
import { instantiate } from '../../functions/instantiate.ts';
import { isNoMatch } from '../../functions/no-match.ts';
import { readerMark, type EventReader } from '../../plan/event-reader.ts';
import type { Json } from '../../plan/json.ts';
import { noSources } from '../config/config.ts';
import { compile } from '../compile.ts';
import { PlainReader } from '../../../../../tests/rule-code/plain-reader.ts';

const host = makeHost();

type Ran =
  | { readonly refused: readonly string[] }
  | { readonly value: unknown }
  | { readonly threw: string };

function run(filter: string, event: Json = { a: 'text', n: 5, list: [1, 2], o: { p: 1 } }): Ran {
  const { plan, diagnostics } = compile(
    [{ name: 'h.weir', text: `RULE "h" SOURCES x = 'y' FILTER ${filter}` }],
    { sources: noSources },
  );
  const refused = diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(({ code }) => code);
  if (refused.length > 0) return { refused };
  const code = plan.rules[0]!.filter!;
  const call = instantiate(
    code,
    Int32Array.from(code.paths, (_, i) => i),
    host.compile,
  ) as (event: EventReader) => unknown;
  try {
    return { value: call(new PlainReader(code.paths, event)) };
  } catch (error) {
    return { threw: isNoMatch(error) ? 'no match' : String((error as Error).message ?? error) };
  }
}

/** Nothing that could be reached by them may come out: neither functions nor objects with a foreign prototype. */
const hostile: readonly string[] = [
  'event.constructor',
  'event["constructor"]',
  "event['con' + 'structor']",
  'event.__proto__',
  'event["__proto__"]',
  'event.a.constructor',
  "event.a['constructor']('return this')()",
  'event.a.toString.constructor("return process")()',
  '[].constructor',
  '(() => {}).constructor("return this")()',
  "''.constructor.constructor('return this')()",
  'event.list.constructor',
  'event[`constructor`]',
  "event[`con${'structor'}`]",
  'event[["constructor"]]',
  'event[{ toString: () => "constructor" }]',
  "(event => event['__pro' + 'to__'])(event)",
  '({}).__proto__',
  '({ __proto__: event })',
  '({ ["__proto__"]: event })',
  '({ ["__pro" + "to__"]: 1 })',
  'event.caller',
  'event.callee',
  'arguments',
  '(function () { return arguments; })()',
  '(function f() { return f.caller; })()',
  'this',
  '(function () { return this; })()',
  '(() => this)()',
  'globalThis',
  'window',
  'process.exit(1)',
  'require("fs")',
  'module',
  'import("fs")',
  'import.meta',
  'eval("1")',
  'Function("return this")()',
  'new Function("return this")()',
  'new Date()',
  'Date.now()',
  'Math.random()',
  'new Proxy({}, {})',
  'Reflect.ownKeys(event)',
  'Symbol.iterator',
  'event[Symbol.iterator]',
  'Promise.resolve()',
  'async () => 1',
  'async function (event) { return 1; }',
  'function* (event) { yield 1; }',
  'await 1',
  '(event) => { with (event) { return a; } }',
  '(event) => { try { return x; } catch (e) { return e.constructor; } }',
  '(event) => { label: for (;;) { break label; } }',
  '(event) => { class A {} return A; }',
  '`${event}`',
  'String.raw`x`',
  "utils['constructor']",
  'utils.constructor',
  'utils',
  'utils.nothing(1)',
  'Object',
  'Object.prototype',
  'Object.getPrototypeOf(event)',
  'Object.defineProperty(event, "a", {})',
  'Object.assign(event, {})',
  'Object.keys',
  'JSON.parse("{}")',
  'Array.from("abc")',
  'event.a.replace("t", () => process)',
  'event.a.replace(/t/, "x")',
  'event.a.match("t")',
  'event.a.at.call(1)',
  'event.list.map.apply(1)',
  'event.list.map(Object.keys)',
  'event.list.map(Number)',
  'event.list["map"]',
  'event.a["length"]',
  'event.list.push(3)',
  '(event) => { event.a = 1; return event.a == 1; }',
  '(event) => { delete event.a; return true; }',
  '(event) => { event = 5; return event; }',
  '(event) => { event.list[0] = 9; return event.list[0] == 9; }',
  '(event) => { event.o.p = 9; return event.o.p == 9; }',
  '(event) => { const o = event.o; o.p = 9; return o.p == 9; }',
  'event.a.__defineGetter__("x", () => 1)',
  'event.o.hasOwnProperty("p")',
  '({ get a() { return 1; } }).a',
  '({ a() { return 1; } }).a()',
  '({ valueOf: () => 1 }) + 1',
  '({ toString: () => "x" }) + ""',
  '[...event]',
  'Math.max(...event)',
  '1n',
  'void 0',
  'new.target',
  'super.x',
  'x => y => z',
  '(\\u0065vent) => \\u0065vent.\\u0063onstructor',
  'event.\\u0063onstructor',
  "event['\\x63onstructor']",
  '/(?=a)b/.test(event.a)',
  '/(a)\\1/.test(event.a)',
  '/a/g.test(event.a)',
  '/a/.exec(event.a)',
  '/a/.source',
  "utils.find(event.a, '(?<!a)b')",
  "utils.matches(event.a, 'x'.repeat(2000))",
  "'x'.repeat(1e9)",
  "''.padStart(1e9)",
  "[1].concat(2, 3).join('x'.repeat(1e6))",
  "'a'.replaceAll('', 'x'.repeat(1e6))",
  "function (event) { 'use asm'; return event.a; }",
  'event?.["constructor"]',
  'event.a?.constructor',
  'event.a?.["__proto__"]',
  'event?.(1)',
  '(event, other) => other',
  '({ constructor }) => constructor',
  '({ __proto__: p }) => p',
  "({ ['constructor']: c }) => c",
  'event.list.toString((x) => x)',
  '[1].map((x) => x).toString((x) => x)',
  '({ ...rest }) => rest.constructor',
];

test('hostile code is refused or reaches nothing', () => {
  for (const snippet of hostile) {
    const ran = run(snippet);
    if ('refused' in ran || 'threw' in ran) continue;
    const { value } = ran;
    assert.notEqual(typeof value, 'symbol', snippet);
    // A function of the rule's own is all that a filter can give back; a native one would show its source.
    if (typeof value === 'function')
      assert.doesNotMatch(Function.prototype.toString.call(value), /\[native code\]/, snippet);
    if (typeof value === 'object' && value !== null)
      assert.ok(
        !('exit' in value) && !(readerMark in value && snippet.includes('constructor')),
        snippet,
      );
  }
  assert.ok(hostile.length > 100);
});

test('code that reaches for the world is refused when the rule is compiled, not when it runs', () => {
  for (const snippet of hostile.filter(
    (one) =>
      /constructor|__proto__|process|require|globalThis|import|eval|Function|Proxy|Reflect|this\b|arguments|class |with |try /.test(
        one,
      ) && !/\+|\$\{|\[\["|toString|\["__proto__"\]: event|\.\.\.rest|utils\.matches/.test(one),
  ))
    assert.ok('refused' in run(snippet), snippet);
});

test('an endless nesting is refused', () => {
  const ran = run(`${'('.repeat(3000)}1${')'.repeat(3000)}`);
  assert.ok('refused' in ran || ('value' in ran && ran.value === 1));
  assert.ok('refused' in run(`${'!'.repeat(5000)}event.a`));
  assert.ok('refused' in run(`[${'1,'.repeat(5000)}1]`));
});

test('plain code gives what JavaScript gives', () => {
  const values: readonly (readonly [string, unknown])[] = [
    ['event.a.toUpperCase() == "TEXT"', true],
    ['event.n + 1', 6],
    ['event.list.map(x => x * 2).join("-")', '2-4'],
    ['event.list.reduce((a, b) => a + b, 0)', 3],
    ['event.a.length', 4],
    ['event.list.length', 2],
    ['event.list[1]', 2],
    ['event.missing', undefined],
    ['event.missing.deeper', undefined],
    ['event.missing?.toLowerCase().x.trim()', undefined],
    ["'p' in event.o", true],
    ["'a' in event", true],
    ["'zz' in event", false],
    ['Object.keys(event.o).length', 1],
    [
      '(event) => { let s = 0; for (let i = 0; i < event.list.length; i++) s += event.list[i]; return s; }',
      3,
    ],
    ['(event) => { let s = ""; for (const k in event.o) s += k; return s; }', 'p'],
    [
      '(event) => { const fs = []; for (let i = 0; i < 2; i++) fs.push(() => i); return fs.map((f) => f()).join(); }',
      '0,1',
    ],
    ['({ a, o: { p }, zz = 7 }) => a + p + zz', 'text17'],
    ['({ a, ...rest }) => Object.keys(rest).length', 3],
    ['(event) => { switch (event.n) { case 5: return "five"; default: return "other"; } }', 'five'],
    ['(event) => { function f(n) { return n <= 1 ? 1 : n * f(n - 1); } return f(event.n); }', 120],
    ['`${event.a}-${event.n}`', 'text-5'],
    ['event.n > 3 ? "big" : "small"', 'big'],
    ['event.missing ?? "none"', 'none'],
    ['typeof event.a', 'string'],
    ['[...event.list, 3].length', 3],
    ['Math.max(...event.list)', 2],
    ['parseInt("0x1f", 16)', 31],
    ['/^te/i.test(event.a)', true],
    ['event.fields.a', 'text'],
    ['event.$at', undefined],
    ["utils.glob(event.a, 'T*T')", true],
    ['(event) => { const o = { n: 1 }; o.n += 2; o["m"] = o.n++; return o.n * 10 + o.m; }', 43],
    ['(event) => { var x = 1; { var x = 2; } return x; }', 2],
    ['[3, 1, 2].sort().join("")', '123'],
  ];
  for (const [code, expected] of values) assert.deepEqual(run(code), { value: expected }, code);
});

test('what functions of utils are asked for is nothing that their tables inherit', () => {
  const values: readonly (readonly [string, unknown])[] = [
    ["utils.timePart(0, 'constructor')", undefined],
    ["utils.timePart(0, ['const', 'ructor'].join(''))", undefined],
    ["utils.timePart(0, ['toString', 'hour'][event.list[0] - 1])", undefined],
    ["utils.timePart(0, ['toString', 'hour'][event.list[0]])", 0],
    ["utils.timePart(0, { toString: () => 'hour' })", undefined],
    ["utils.compares(3, 'constructor', 5)", false],
    ["utils.compares(3, ['const', 'ructor'].join(''), 5)", false],
    ["utils.compares(3, ['<', '>'][event.list[0] - 1], 5)", true],
  ];
  for (const [code, expected] of values) assert.deepEqual(run(code), { value: expected }, code);
});

test('a call on a missing value is no match', () => {
  assert.deepEqual(run('event.missing.toLowerCase()'), { threw: 'no match' });
  assert.deepEqual(run('event.a.nothing.toLowerCase()'), { threw: 'no match' });
});
