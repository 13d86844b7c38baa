// Random programs in the JavaScript of rules: where both end, Weir gives what plain evaluation of the same text gives, and
// programs that somebody spoilt are refused or reach nothing. More of them: WEIR_FUZZ_PROGRAMS=1000000; others: WEIR_FUZZ_SEED.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInThisContext } from 'node:vm';
import { Parser, type Expression } from 'acorn';
import {
  arm,
  defaultCallLimits,
  LimitBroken,
  noCallLimits,
} from '../packages/core/src/functions/budget.ts';
import { instantiate } from '../packages/core/src/functions/instantiate.ts';
import { isNoMatch } from '../packages/core/src/functions/no-match.ts';
import { RuleFailure } from '../packages/core/src/functions/rule-failure.ts';
import { plainValueFrom } from '../packages/core/src/engine/correlate/plain-value.ts';
import { compileCode } from '../packages/core/src/language/code/compile-code.ts';
import type { Json } from '../packages/core/src/plan/json.ts';
import type { CodePlan } from '../packages/core/src/plan/plan.ts';
import { makeHost } from '../packages/runtime/src/realm.ts';
import { Chance, Programs, spoilt } from './rule-code/programs.ts';
import { PlainReader } from './rule-code/plain-reader.ts';

const PROGRAMS = Number(process.env['WEIR_FUZZ_PROGRAMS'] ?? 100_000);
/** So many of a hundred are whole, and compared; the others are spoilt. */
const WHOLE_PERCENT = 25;
const BATCH = 50;
const SEED = Number(process.env['WEIR_FUZZ_SEED'] ?? 20_261_127);

const EVENTS: readonly Json[] = [
  {
    a: 'Text',
    n: 7,
    list: [3, 'a', null, 1.5],
    o: { x: 1, y: 'two', k1: [1] },
    text: ' b,c ',
    flag: true,
    deep: { o: { x: [[1], 2] } },
  },
  {
    a: '10',
    n: -0.5,
    list: [],
    o: {},
    text: '😀zé',
    flag: false,
    none: null,
    deep: [1, [2, ['x']]],
  },
  {
    a: '',
    n: '12',
    list: ['10', 9, '9'],
    o: { y: null, length: 4 },
    text: 'a'.repeat(300),
    flag: 'no',
    deep: 0,
  },
].map((event) => frozen(event) as Json);

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

const host = makeHost();

/** What a program gave, as a text that says all of it; null: it threw, or a limit was broken. */
type Outcome = { readonly gave: string } | { readonly threw: unknown };

function told(value: unknown, depth = 0): string {
  if (depth > 12) return '…';
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof PlainReader) return told(value.whole(), depth);
  if (Array.isArray(value)) {
    const elements: string[] = [];
    for (let i = 0; i < value.length; i++) elements.push(told(value[i], depth + 1));
    return `[${elements.join()}]`;
  }
  const fields = Object.keys(value).map(
    (name) =>
      `${JSON.stringify(name)}:${told((value as Record<string, unknown>)[name], depth + 1)}`,
  );
  return `{${fields.join()}}`;
}

function attempt(run: () => unknown): Outcome {
  try {
    return { gave: told(run()) };
  } catch (threw) {
    return { threw };
  }
}

/** The printed code of a program; null: it is refused. */
function planOf(text: string, role: 'events' | 'copy' = 'events'): CodePlan | null {
  let tree: Expression;
  try {
    tree = Parser.parseExpressionAt(text, 0, {
      ecmaVersion: 2024,
      sourceType: 'script',
      allowReserved: true,
    });
  } catch {
    return null;
  }
  const isFunction = tree.type === 'FunctionExpression' || tree.type === 'ArrowFunctionExpression';
  // Strict code has fewer programs than the parser of rules reads, and none of these differs otherwise.
  const code = {
    span: { start: 0, end: text.length },
    names: isFunction ? 'function' : 'event',
    tree,
  } as const;
  return compileCode(code, role).compiled?.plan ?? null;
}

type Call = (events: unknown) => unknown;

/** Many programs are evaluated at once: making a script costs more than running it. */
function instantiated(plans: readonly CodePlan[]): Call[] {
  const made = host.compile(`[${plans.map(({ source }) => source).join(',\n')}]`) as unknown[];
  return plans.map((plan, i) => {
    const slots = Int32Array.from(plan.paths, (_path, slot) => slot);
    return instantiate(plan, slots, () => made[i]) as Call;
  });
}

function ours(plan: CodePlan, call: Call): Outcome {
  const readers = EVENTS.map((event) => new PlainReader(plan.paths, event));
  arm(defaultCallLimits);
  const outcome = attempt(() => call(plan.role === 'copy' ? { events: EVENTS } : readers));
  arm(noCallLimits);
  return outcome;
}

/** What rules refuse and JavaScript does (docs/rule-javascript.md, "What differs"). */
const REFUSED_ALOUD =
  /^(?:\+ takes text and numbers|a template takes text and numbers|a text is needed here|this (?:list|value) is read-only|lists grow one element at a time|only objects and lists have fields|the name of a field must be|`in` asks|a function is no text|this object is no text|a function is needed here|a list is nested deeper|a field may not be called|a text may not grow beyond)/;

const isRefusal = (threw: unknown): boolean =>
  (threw instanceof RuleFailure || threw instanceof TypeError || threw instanceof RangeError) &&
  REFUSED_ALOUD.test(threw.message);

/** What code of all realms shares, as it was. */
function sharedOf(): string {
  const shared = [
    Object,
    Array,
    String,
    Number,
    Boolean,
    Function,
    RegExp,
    Promise,
    Map,
    Symbol,
    Error,
  ];
  return shared
    .flatMap((one) => [one, one.prototype as object])
    .flatMap((one) =>
      Reflect.ownKeys(one).map((name) => {
        const { writable, configurable, value } = Object.getOwnPropertyDescriptor(one, name)!;
        return `${String(name)} ${writable} ${configurable} ${typeof value === 'function' ? Function.prototype.toString.call(value) : typeof value}`;
      }),
    )
    .join('\n');
}

/** What random programs have found, each of which the compiler died of or printed wrongly. */
const FOUND: readonly string[] = ['(events) => events.toString((x) => x)'];

test('what random programs found stays found', () => {
  for (const text of FOUND) {
    const plan = planOf(text);
    if (plan !== null) ours(plan, instantiated([plan])[0]!);
  }
});

test(`${PROGRAMS} random programs (seed ${SEED}) give what JavaScript gives, and none gets out`, (context) => {
  const chance = new Chance(SEED);
  const programs = new Programs(chance);
  const canary = Object.freeze({ secret: 'nobody sees this' });
  const globals = globalThis as unknown as Record<string, unknown>;
  globals['weirCanary'] = canary;
  const shared = sharedOf();
  const eventsBefore = told(EVENTS);
  const counts = {
    compared: 0,
    equal: 0,
    onlyOurs: 0,
    refusedAloud: 0,
    both: 0,
    spoilt: 0,
    refused: 0,
    limits: 0,
    ran: 0,
  };

  const compare = (text: string, plan: CodePlan, call: Call, plain: Call): void => {
    counts.compared++;
    const [a, b] = [
      ours(plan, call),
      attempt(() => plain(plan.role === 'copy' ? { events: structuredClone(EVENTS) } : EVENTS)),
    ];
    if ('gave' in b && 'gave' in a) {
      assert.equal(a.gave, b.gave, `${text}\n${plan.source}`);
      counts.equal++;
    } else if ('gave' in a) counts.onlyOurs++;
    else if (!('gave' in b)) counts.both++;
    else {
      const { threw } = a;
      if (LimitBroken.is(threw)) counts.limits++;
      else {
        assert.ok(
          isRefusal(threw),
          `${text}\n${plan.source}\n${isNoMatch(threw) ? 'no match' : String(threw)} beside ${b.gave}`,
        );
        counts.refusedAloud++;
      }
    }
  };

  const contained = (text: string, plan: CodePlan, call: Call): void => {
    counts.ran++;
    const readers = EVENTS.map((event) => new PlainReader(plan.paths, event));
    arm({ ...defaultCallLimits, steps: 2000 });
    try {
      const value = call(readers);
      if (typeof value === 'function')
        assert.doesNotMatch(Function.prototype.toString.call(value), /\[native code\]/, text);
      else JSON.stringify(plainValueFrom(value));
    } catch (threw) {
      if (threw instanceof assert.AssertionError) throw threw;
      if (LimitBroken.is(threw)) counts.limits++;
    }
    arm(noCallLimits);
  };

  for (let done = 0; done < PROGRAMS; done += BATCH) {
    const isWhole = chance.is(WHOLE_PERCENT);
    // SINK gets a plain value of its own, HAVING readers.
    const role = isWhole && chance.is(30) ? 'copy' : 'events';
    let program = programs.next();
    const texts = Array.from({ length: BATCH }, (_, i) => {
      // Each is spoilt in several ways: making programs takes as long as refusing them.
      if (isWhole || i % 5 === 0) program = programs.next();
      if (role === 'copy') return program.replace('(events)', '({ events })');
      return isWhole ? program : spoilt(program, chance);
    });
    const planned = texts.flatMap((text) => {
      const plan = planOf(text, role);
      if (plan === null) counts.refused++;
      return plan === null ? [] : [{ text, plan }];
    });
    if (isWhole)
      assert.equal(
        planned.length,
        BATCH,
        texts.find((text) => planOf(text) === null),
      );
    else counts.spoilt += BATCH;
    const calls = instantiated(planned.map(({ plan }) => plan));
    if (!isWhole) planned.forEach(({ text, plan }, i) => contained(text, plan, calls[i]!));
    else {
      // Plain evaluation of the text as it is written; strict, so that writes to what is frozen throw as they do in rules.
      const plain = runInThisContext(`"use strict"; [${texts.join(',\n')}]`) as Call[];
      planned.forEach(({ text, plan }, i) => compare(text, plan, calls[i]!, plain[i]!));
    }
  }

  assert.equal(globals['weirCanary'], canary);
  assert.deepEqual(canary, { secret: 'nobody sees this' });
  assert.equal(sharedOf(), shared);
  assert.equal(told(EVENTS), eventsBefore);
  context.diagnostic(JSON.stringify(counts));
  // The comparison means something: most programs end on both sides, and many spoilt ones are still programs.
  assert.ok(counts.equal > counts.compared * 0.4, JSON.stringify(counts));
  assert.ok(counts.ran > counts.spoilt * 0.02, JSON.stringify(counts));
});
