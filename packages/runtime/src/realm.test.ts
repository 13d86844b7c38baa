// The last layer by itself: code that the printer never made, evaluated as rules are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeHost } from './realm.ts';

const host = makeHost();

/** Each would be a way out; each is nothing here, or throws. */
const WAYS_OUT: readonly string[] = [
  ...[
    'globalThis',
    'Object',
    'Array',
    'Function',
    'String',
    'Number',
    'Symbol',
    'Proxy',
    'Reflect',
  ],
  ...[
    'Promise',
    'Map',
    'Set',
    'WeakMap',
    'WeakRef',
    'Error',
    'RegExp',
    'Date',
    'JSON',
    'Math',
    'BigInt',
  ],
  ...[
    'Atomics',
    'SharedArrayBuffer',
    'ArrayBuffer',
    'WebAssembly',
    'Uint8Array',
    'Iterator',
    'Intl',
  ],
  ...['eval("1")', 'escape("a")', 'console', 'process', 'require("fs")', 'queueMicrotask', 'gc'],
  ...['this', '(() => this)()', '(function () { return this; })()', 'new.target'],
  '[].constructor',
  '"".constructor',
  '(1).constructor',
  '(() => {}).constructor',
  '(function* () {}).constructor',
  '(async () => {}).constructor',
  '(async function* () {}).constructor',
  '(function* () {})().constructor',
  '(class {}).constructor',
  '/a/.constructor',
  '/a/.exec("a").constructor',
  '[].values().constructor',
  '({}).__proto__',
  '({}).__defineGetter__',
  '({ m() { return super.constructor; } }).m()',
  '({ m() { return super.__proto__; } }).m()',
  '(() => { try { null.x; } catch (e) { return e.constructor; } })()',
  '(() => { try { (function f() { f(); })(); } catch (e) { return e.constructor; } })()',
  '(() => { try { [] + ""; } catch (e) { return e.constructor; } })()',
  '(() => { for (const k in this) return k; })()',
  '(function () { return arguments.callee; })()',
  '(function f() { return f.caller; })()',
  '(() => { undeclared = 1; })()',
  '[1, [2]] + ""',
  '`${[[1], [1]]}`',
];

test('without the printer and its guards, evaluated text finds no globals, no constructors and no prototypes', () => {
  for (const source of WAYS_OUT) {
    let value: unknown;
    try {
      value = host.compile(source);
    } catch {
      continue;
    }
    assert.equal(value, undefined, source);
  }
});

test('what rules of a realm share cannot be changed by any of them', () => {
  const changes = [
    '({ m() { super.x = 1; } }).m()',
    '(() => { [].push.x = 1; })()',
    '(() => { "".at.call = 1; })()',
    '(() => { (() => {}).call.call = 1; })()',
    '(() => { [].x = 1; })()',
    '(() => { (1).x = 1; })()',
  ];
  for (const source of changes) {
    try {
      host.compile(source);
    } catch {
      // Refused aloud, which is as good.
    }
  }
  const found = host.compile(
    '[[].x, ({}).x, (1).x, [].push.x, typeof "".at.call, typeof (() => {}).call.call].join()',
  );
  assert.equal(found, ',,,,function,function');
});

test('what an asynchronous function waits for never comes', async () => {
  const seen = { steps: 0 };
  const run = host.compile('(seen) => (async () => { await 0; seen.steps++; })()') as (
    of: typeof seen,
  ) => unknown;
  run(seen);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(seen.steps, 0);
});

test('the engine’s own realm is left as it is', () => {
  assert.equal([].constructor, Array);
  assert.ok(Object.isExtensible(Object.prototype) && Object.isExtensible(Array.prototype));
  assert.equal(String([1, [2]]), '1,2');
});
