// What detection engineers write is accepted, fits the default limits, and gives what JavaScript gives: the oracle is the same
// text, evaluated as it stands over plain objects.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { Script } from 'node:vm';
import { parse as parseYaml } from 'yaml';
import { plainValueFrom } from '../packages/core/src/engine/correlate/plain-value.ts';
import { arm, defaultCallLimits } from '../packages/core/src/functions/budget.ts';
import { libraryByName } from '../packages/core/src/functions/index.ts';
import { instantiate } from '../packages/core/src/functions/instantiate.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import { noSources } from '../packages/core/src/language/config/config.ts';
import { type EventReader } from '../packages/core/src/plan/event-reader.ts';
import type { Json } from '../packages/core/src/plan/json.ts';
import type { CodePlan, RulePlan } from '../packages/core/src/plan/plan.ts';
import { makeHost } from '../packages/runtime/src/realm.ts';
import { PlainReader } from './rule-code/plain-reader.ts';

interface Legitimate {
  readonly name: string;
  readonly clause: 'FILTER' | 'HAVING' | 'SINK';
  readonly code: string;
}
interface Topic {
  readonly events: readonly { readonly [name: string]: Json }[];
  readonly functions: readonly Legitimate[];
}

const host = makeHost();
const files = globSync(new URL('cases/legitimate/*.yaml', import.meta.url).pathname).sort();
const topics = files.map((file) => parseYaml(readFileSync(file, 'utf8')) as Topic);

const ruleText = ({ clause, code }: Legitimate): string =>
  clause === 'FILTER'
    ? `RULE 'r' SOURCES a = 'b' FILTER ${code}`
    : clause === 'SINK'
      ? `RULE 'r' SOURCES a = 'b' SINK ${code}`
      : `RULE 'r' SOURCES a = 'b' AGGREGATE BY k WITHIN 5:min HAVING ${code}`;

function codeOf(rule: RulePlan, clause: Legitimate['clause']): CodePlan {
  if (clause === 'FILTER') return rule.filter!;
  if (clause === 'SINK') return rule.sink!;
  assert.ok(rule.detect.kind === 'window' && rule.detect.having.kind === 'events');
  return rule.detect.having.code;
}

/** The clause as the engine runs it, of plain events. */
function ours(legitimate: Legitimate): (input: Json) => unknown {
  const { plan, diagnostics } = compile([{ name: 'legitimate.weir', text: ruleText(legitimate) }], {
    sources: noSources,
  });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  assert.deepEqual(
    errors.map(({ code, message }) => `${code} ${message}`),
    [],
  );
  const code = codeOf(plan.rules[0]!, legitimate.clause);
  const slots = Int32Array.from(code.paths, (_, i) => i);
  const call = instantiate(code, slots, host.compile) as (input: unknown) => unknown;
  const reader = (event: Json): EventReader => new PlainReader(code.paths, event);
  const { clause } = legitimate;
  return (input) => {
    const given =
      clause === 'SINK'
        ? input
        : clause === 'FILTER'
          ? reader(input)
          : (input as Json[]).map(reader);
    arm(defaultCallLimits);
    return call(given);
  };
}

const utils = Object.fromEntries(Array.from(libraryByName, ([name, { run }]) => [name, run]));

/** The author's text as JavaScript. */
function theirs({ clause, code }: Legitimate): (input: Json) => unknown {
  const input = clause === 'HAVING' ? 'events' : 'event';
  const isFunction = /^\s*(?:function\b|\w+\s*=>|\([^()]*\)\s*=>|\(\{[^}]*\}\)\s*=>)/.test(code);
  const body = isFunction ? `(${code})(${input})` : `(${code})`;
  const script = new Script(`"use strict"; (utils, ${input}) => ${body}`);
  const run = script.runInThisContext() as (utils: object, input: Json) => unknown;
  return (value) => run(utils, structuredClone(value));
}

/** What comes in: each event alone, or windows of several lengths. */
function inputs({ events }: Topic, clause: Legitimate['clause']): Json[] {
  if (clause !== 'HAVING') return [...events];
  const half = Math.ceil(events.length / 2);
  const windows = [events, events.slice(0, half), events.slice(half), events.toReversed()];
  return [...windows, events.filter((_, i) => i % 3 === 0), events.slice(0, 1)].map((list) => [
    ...list,
  ]);
}

/** As it leaves the engine, in this realm. */
const plain = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? structuredClone(plainValueFrom(value)) : value;

topics.forEach((topic, i) => {
  for (const legitimate of topic.functions)
    test(`${basename(files[i]!, '.yaml')}: ${legitimate.name}`, () => {
      const [run, oracle] = [ours(legitimate), theirs(legitimate)];
      const expected = inputs(topic, legitimate.clause).map((input) => plain(oracle(input)));
      assert.deepEqual(
        inputs(topic, legitimate.clause).map((input) => plain(run(input))),
        expected,
      );
      assert.ok(expected.some(Boolean), 'it never holds for these events: the case says nothing');
    });
});

test('there are at least 200, no two alike', () => {
  const all = topics.flatMap(({ functions }) => functions);
  assert.ok(all.length >= 200, `${all.length}`);
  assert.equal(new Set(all.map(({ code }) => code)).size, all.length);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
});
