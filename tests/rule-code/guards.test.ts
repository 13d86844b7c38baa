// The second layer by itself: the compiler's refusals are switched off, and hostile code is printed and run all the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Parser, type Expression } from 'acorn';
import { plainValueFrom } from '../../packages/core/src/engine/correlate/plain-value.ts';
import {
  arm,
  defaultCallLimits,
  LimitBroken,
  noCallLimits,
} from '../../packages/core/src/functions/budget.ts';
import { instantiate } from '../../packages/core/src/functions/instantiate.ts';
import { compileCode } from '../../packages/core/src/language/code/compile-code.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import type { CodePlan } from '../../packages/core/src/plan/plan.ts';
import { makeHost } from '../../packages/runtime/src/realm.ts';
import { readSnippets } from '../hostile/snippets.ts';
import { Chance, Programs, spoilt } from './programs.ts';
import { PlainReader } from './plain-reader.ts';

const host = makeHost();

/** The code of a text as it is printed when nothing is refused; null: it is no JavaScript. */
function printed(text: string, role: CodePlan['role']): CodePlan | null {
  let tree: Expression;
  try {
    tree = Parser.parseExpressionAt(text, 0, { ecmaVersion: 2024, allowReserved: true });
  } catch {
    return null;
  }
  const isFunction = tree.type === 'FunctionExpression' || tree.type === 'ArrowFunctionExpression';
  const code = {
    span: { start: 0, end: text.length },
    names: isFunction ? 'function' : 'event',
    tree,
  } as const;
  return compileCode(code, role, undefined, false).compiled?.plan ?? null;
}

type Ran = 'broken' | 'threw' | 'answered' | 'not evaluated';

/** Runs it, and asserts that nothing of the engine comes out. */
function run(plan: CodePlan, event: Json, text: string): Ran {
  const slots = Int32Array.from(plan.paths, (_path, i) => i);
  let call: (input: unknown) => unknown;
  try {
    call = instantiate(plan, slots, host.compile) as typeof call;
  } catch (error) {
    assert.ok((error as Error).name === 'SyntaxError', `${text}: ${String(error)}`);
    return 'not evaluated';
  }
  const reader = new PlainReader(plan.paths, event);
  arm({ ...defaultCallLimits, steps: 20_000 });
  try {
    const value = call(plan.role === 'event' ? reader : plan.role === 'events' ? [reader] : event);
    assert.notEqual(typeof value, 'symbol', text);
    if (typeof value === 'function')
      assert.doesNotMatch(Function.prototype.toString.call(value), /\[native code\]/, text);
    else if (plan.role !== 'event') plainValueFrom(value);
    else if (typeof value === 'object' && value !== null) assert.ok(!('exit' in value), text);
    return 'answered';
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return LimitBroken.is(error) ? 'broken' : 'threw';
  } finally {
    arm(noCallLimits);
  }
}

const ROLES = {
  FILTER: 'event',
  HAVING: 'events',
  SINK: 'copy',
  EXCEPT: 'event',
  'AGGREGATE BY': 'event',
} as const;

const sharedNames = (): string =>
  [Object, Array, String, Function, Number, Promise, Error]
    .flatMap((one) => [one, one.prototype as object])
    .map((one) => Reflect.ownKeys(one).map(String).join())
    .join('|');

test('without the allow-list, hostile snippets reach nothing', () => {
  const before = sharedNames();
  const rans = new Map<Ran, number>();
  for (const { clause, code, fields } of [...readSnippets('own'), ...readSnippets('published')]) {
    const plan = printed(code, ROLES[clause]);
    if (plan === null) continue;
    const ran = run(plan, { kind: 'x', n: 5, ...fields }, code);
    rans.set(ran, (rans.get(ran) ?? 0) + 1);
  }
  assert.equal(sharedNames(), before);
  // They do run: the printed code is that of the guards, not of a refusal.
  assert.ok(rans.get('broken')! > 50 && rans.get('threw')! > 50, JSON.stringify([...rans]));
});

test('without the allow-list, programs that somebody spoilt reach nothing', () => {
  const before = sharedNames();
  const chance = new Chance(61);
  const programs = new Programs(chance);
  let ran = 0;
  for (let i = 0; i < 3000; i++) {
    const text = spoilt(programs.next(), chance);
    const plan = printed(text, 'events');
    if (plan === null) continue;
    if (run(plan, { a: 'Text', n: 7, list: [3, 'a'], o: { x: 1 } }, text) !== 'not evaluated')
      ran++;
  }
  assert.equal(sharedNames(), before);
  assert.ok(ran > 400, `${ran}`);
});
