import type { AnyNode } from 'acorn';
import { isoTime } from '@weir/core/plan/civil.ts';
import { parse } from '@weir/core/language/epl/parse.ts';
import { visit } from '@weir/core/language/epl/visit.ts';
import { spanText } from '@weir/core/language/epl/spans-of-time.ts';
import { lowerRule } from '@weir/core/language/lower.ts';
import type { Code, KeySyntax, RuleSyntax } from '@weir/core/language/epl/syntax.ts';
import type { Change, Json, RulePlan, ResultChange } from '@weir/core';
import { valueAtPath } from '@weir/core/plan/path-value.ts';
import { placeOf, recordsOf, tryRules, type Outcome, type Recording } from './try-rules.ts';
import { whatIfs, type WhatIf } from './what-if.ts';

export interface WhyNot {
  /** Did it fire after all? */
  readonly fired: boolean;
  /** What was found, that which says most first. */
  readonly lines: readonly string[];
}

export interface Question {
  readonly rule: RuleSyntax;
  /** Other rules, which it may read. */
  readonly others: readonly RulePlan[];
  /** Sources and lists. */
  readonly changes: readonly Change[];
  readonly recording: Recording;
  /** Values of the result's key that are asked about; empty: any. */
  readonly key: ReadonlyMap<string, string>;
}

/**
 * Why a rule did not fire: the engine is asked again and again, each time without one thing that the rule asks for.
 * What makes it fire when it is left out is the reason.
 */
export function whyNot(question: Question): WhyNot {
  return new Asking(question).answer();
}

type Fields = { readonly [name: string]: Json };

class Asking {
  readonly #question: Question;
  readonly #records: Map<string, Fields>;
  readonly #first: Outcome;

  constructor(question: Question) {
    this.#question = question;
    this.#records = recordsOf(question.recording);
    this.#first = this.#run(question.rule);
  }

  answer(): WhyNot {
    const { rule, key } = this.#question;
    if (rule.status === 'disabled')
      return { fired: false, lines: ['disabled: STATUS disabled: the rule does not run'] };
    const own = this.#first.results.filter((one) => this.#isAsked(one));
    if (own.length > 0)
      return { fired: true, lines: own.slice(0, 5).map((one) => `it fired: ${resultText(one)}`) };
    const lines = [...this.#leftOut()];
    const found = whatIfs(rule).flatMap((what) => this.#try(what));
    found.sort((a, b) => a.weight - b.weight);
    lines.push(...found.map(({ text }) => text));
    if (lines.length === 0) lines.push(...this.#waiting());
    if (lines.length === 0)
      lines.push(
        `nothing: no event of ${key.size === 0 ? 'the recording' : [...key].map(([name, value]) => `${name} ${value}`).join(', ')} comes near this rule`,
      );
    return { fired: false, lines: [...new Set(lines)].slice(0, 10) };
  }

  #run(rule: RuleSyntax): Outcome {
    const { plan } = lowerRule(rule);
    if (plan === null) return { results: [], errors: [] };
    const { others, recording, changes } = this.#question;
    const enabled = { ...plan, facts: { ...plan.facts, status: 'enabled' as const } };
    const outcome = tryRules(
      [...others.filter(({ id }) => id !== plan.id), enabled],
      recording,
      changes,
    );
    return {
      results: outcome.results.filter(({ result }) => result.rule === plan.id),
      errors: outcome.errors.filter(({ rules }) => rules.includes(plan.id)),
    };
  }

  #isAsked({ result }: ResultChange): boolean {
    return [...this.#question.key].every(([name, value]) => result.key[name] === value);
  }

  /** Events that the rule wanted and that could not take part. */
  #leftOut(): string[] {
    const lines: string[] = [];
    for (const { clause, partition, number, message } of this.#first.errors) {
      if (clause === 'late') continue;
      lines.push(`${clause}: ${this.#recordText(partition, number)}: ${message}`);
    }
    return lines.slice(0, 3);
  }

  #try(what: WhatIf): { text: string; weight: number }[] {
    const { results } = this.#run(what.rule);
    const result = results.find((one) => what.cause === 'key' || this.#isAsked(one));
    if (result === undefined) return [];
    return this.#said(what, result, results);
  }

  /** In words; `weight`: the less was left out, the more it says. */
  #said(
    what: WhatIf,
    result: ResultChange,
    results: readonly ResultChange[],
  ): { text: string; weight: number }[] {
    const say = (text: string, weight: number): { text: string; weight: number }[] => [
      { text: `${what.cause}: ${text}`, weight },
    ];
    switch (what.cause) {
      case 'late': {
        const late = this.#first.errors.filter(({ clause }) => clause === 'late');
        const one = eventsOf(result).find(({ partition, position }) =>
          late.some((error) => error.partition === partition && error.number === position),
        );
        if (one === undefined) return [];
        return say(
          `${this.#recordText(one.partition, one.position, one.at)} came too late: its partition had reached later times than bound and LATENESS allow`,
          1,
        );
      }
      case 'condition':
      case 'source':
      case 'list':
        return this.#keptOut(what, result);
      case 'excepted':
        return this.#offending(what, result, 2);
      case 'absent':
      case 'cancelled':
      case 'until':
        return this.#offending(what, result, 3);
      case 'taken': {
        const taken =
          this.#first.results.find((one) => sameKey(one, result)) ?? this.#first.results[0];
        return say(
          `its events are behind those of another match (${taken === undefined ? 'none given' : resultText(taken)}): ${what.clause}`,
          4,
        );
      }
      case 'span': {
        const events = eventsOf(result);
        const apart = events.at(-1)!.at - events[0]!.at;
        return say(
          `${this.#recordText(events.at(-1)!.partition, events.at(-1)!.position, events.at(-1)!.at)} is ${spanText(apart)} after the first event: ${what.clause}`,
          5,
        );
      }
      case 'between': {
        const [event] = this.#between(result);
        return say(`${event ?? 'another event'} lies between: ${what.clause}`, 6);
      }
      case 'key':
        return this.#otherKey(result);
      case 'order':
        return say(`${stepsText(result)} are there, and not in the order ${what.clause}`, 9);
      case 'count':
        return say(
          `${what.counted!.has} of ${what.counted!.of}: ${what.clause}, last ${this.#lastText(result)}`,
          10 + what.counted!.of - what.counted!.has,
        );
      case 'having':
        return this.#measured(what, results);
    }
  }

  /** Events that a condition kept out, and the values that it saw. */
  #keptOut(what: WhatIf, result: ResultChange): { text: string; weight: number }[] {
    const { condition } = what;
    const holds = condition === null ? null : this.#placesWhere(condition.code, condition.sources);
    const events = eventsOf(result);
    const step = /^(\w+):/.exec(what.clause)?.[1];
    // Code that reads the match cannot be asked of an event alone: the step's own event is meant.
    const kept =
      holds === null
        ? events.filter((one) => step === undefined || one.step === step)
        : events.filter(({ partition, position }) => !holds.has(placeOf(partition, position)));
    const [event] = kept;
    if (event === undefined) return [];
    const record = this.#records.get(placeOf(event.partition, event.position));
    const values = record === undefined ? '' : valuesText(what, record);
    return [
      {
        text: `${what.cause}: ${this.#recordText(event.partition, event.position, event.at)} fails ${what.clause}${values}`,
        // An event that would have to serve two steps was hardly meant for this one.
        weight:
          (isTwice(events, event) ? 20 : what.cause === 'source' ? 11 : 7) + kept.length / 1000,
      },
    ];
  }

  /** An event that was there and should not have been. */
  #offending(
    what: WhatIf,
    result: ResultChange,
    weight: number,
  ): { text: string; weight: number }[] {
    const { rule } = this.#question;
    const holds = this.#placesWhere(what.condition!.code, what.condition!.sources);
    if (holds === null) return [{ text: `${what.cause}: ${what.clause}`, weight }];
    const events = eventsOf(result);
    const lookMs = (rule.sequence ?? rule.all)?.withinMs ?? 0;
    const own = events.find(({ partition, position }) => holds.has(placeOf(partition, position)));
    const near = [...holds.values()].find(
      ({ at, key }) =>
        at >= events[0]!.at - lookMs &&
        at <= Math.max(result.result.end, events.at(-1)!.at + lookMs) &&
        Object.entries(result.result.key).every(([name, value]) => (key[name] ?? value) === value),
    );
    const found = own ?? near;
    if (found === undefined) return [{ text: `${what.cause}: ${what.clause}`, weight }];
    const record = this.#records.get(placeOf(found.partition, found.position));
    const values = record === undefined ? '' : valuesText(what, record);
    return [
      {
        text: `${what.cause}: ${this.#recordText(found.partition, found.position, found.at)} meets ${what.clause}${values}`,
        weight,
      },
    ];
  }

  /** Where a condition holds, asked of each event alone; null: it reads more than one event. */
  #placesWhere(
    code: Code | null,
    sources: RuleSyntax['sources'],
  ): Map<
    string,
    { partition: string; position: number; at: number; key: Readonly<Record<string, string>> }
  > | null {
    if (code !== null && 'params' in code.tree && code.tree.params.length > 1) return null;
    const { rule } = this.#question;
    const keys = (rule.aggregate ?? rule.sequence ?? rule.all ?? rule.join)?.keys ?? null;
    const probe = probeRule(code, sources, keys, rule);
    const { results } = this.#run(probe);
    const withoutKey = keys === null ? [] : this.#run(probeRule(code, sources, null, rule)).results;
    return new Map(
      [...withoutKey, ...results].map(({ result, positions }) => {
        const { partition, at } = result.first[0]!;
        const position = positions[0]!;
        return [placeOf(partition, position), { partition, position, at, key: result.key }];
      }),
    );
  }

  #between(result: ResultChange): string[] {
    const events = eventsOf(result);
    const { rule } = this.#question;
    const inside = this.#run(
      probeRule(rule.filter, rule.sources, rule.sequence!.keys, rule),
    ).results.filter(
      (one) =>
        sameKey(one, result) &&
        one.result.at >= events[0]!.at &&
        one.result.at <= events.at(-1)!.at &&
        !events.some(
          ({ partition, position }) =>
            one.result.first[0]!.partition === partition && one.positions[0] === position,
        ),
    );
    return inside.map((one) =>
      this.#recordText(one.result.first[0]!.partition, one.positions[0]!, one.result.at),
    );
  }

  /** The event whose key is another one, or none. */
  #otherKey(result: ResultChange): { text: string; weight: number }[] {
    const { rule, key } = this.#question;
    const part = (rule.aggregate ?? rule.sequence ?? rule.all ?? rule.join)!;
    const keyed = this.#run(probeRule(null, [], part.keys, rule)).results;
    const texts = eventsOf(result).map((event) => {
      const own = keyed.find(
        (one) =>
          one.result.first[0]!.partition === event.partition && one.positions[0] === event.position,
      );
      return { event, key: own?.result.key ?? null };
    });
    const names = (part.keys ?? []).map(({ name }) => name);
    const wanted = names.map(
      (name) => key.get(name) ?? texts.find((one) => one.key !== null)?.key?.[name],
    );
    const other = texts.find(
      ({ key: own }) => own === null || names.some((name, i) => own[name] !== wanted[i]),
    );
    if (other === undefined) return [];
    const { event } = other;
    const text =
      other.key === null
        ? `has no ${names.join(', ')}`
        : `has ${names.map((name) => `${name} ${JSON.stringify(other.key![name])}`).join(', ')}, not ${wanted.map((one) => JSON.stringify(one)).join(', ')}`;
    return [
      {
        text: `key: ${this.#recordText(event.partition, event.position, event.at)} ${text}`,
        weight: 8,
      },
    ];
  }

  /** How near HAVING came: its aggregates in the best window. */
  #measured(what: WhatIf, results: readonly ResultChange[]): { text: string; weight: number }[] {
    const { rule } = this.#question;
    const { plan } = lowerRule(rule);
    const clause =
      plan?.detect.kind === 'window' && 'code' in plan.detect.having
        ? `HAVING ${plan.detect.having.code.text}`
        : what.clause;
    const seen = results.filter((one) => this.#isAsked(one));
    if (plan?.detect.kind !== 'window' || plan.detect.having.kind !== 'aggregates')
      return [{ text: `having: ${clause} is not true of ${resultText(seen[0]!)}`, weight: 12 }];
    const { aggregates } = plan.detect.having;
    const text = `RULE "x" AGGREGATE BY * WITHIN 1:min HAVING { ${aggregates.map((one, i) => `v${i}: ${one.previous ? `previous(${one.text})` : one.text}`).join(', ')} }`;
    const having = parse(text, 'x').rules[0]?.aggregate?.having ?? null;
    const { window } = rule.aggregate!;
    // Of the last minutes at every event each counts, not only the first.
    const each = window.kind === 'sliding' ? { ...window, every: true } : window;
    const measured = this.#run({
      ...rule,
      sink: null,
      aggregate: { ...rule.aggregate!, window: each, having },
    }).results.filter((one) => this.#isAsked(one));
    const value = (one: ResultChange, i: number): number => Number(one.result.fields[`v${i}`] ?? 0);
    const best = measured.reduce<ResultChange | null>(
      (most, one) => (most === null || value(one, 0) > value(most, 0) ? one : most),
      null,
    );
    if (best === null) return [];
    const values = aggregates.map(
      (one, i) => `${one.text} is ${JSON.stringify(best.result.fields[`v${i}`] ?? null)}`,
    );
    const of = plan.detect.having.early?.kind === 'at-least' ? plan.detect.having.early.than : null;
    const near =
      of === null ? '' : `${JSON.stringify(best.result.fields['v0'] ?? null)} of ${of}: `;
    return [
      { text: `count: ${near}${values.join(', ')} in ${resultText(best)}; ${clause}`, weight: 10 },
    ];
  }

  /** How far the steps came: without the last ones it fires. */
  #waiting(): string[] {
    const { rule } = this.#question;
    const { sequence } = rule;
    if (sequence === null) return [];
    for (let length = sequence.items.length - 1; length > 0; length--) {
      const items = sequence.items.slice(0, length);
      if (!items.some(({ kind }) => kind !== 'absent')) break;
      const { results } = this.#run({
        ...rule,
        sequence: { ...sequence, items, having: null, skip: { kind: 'none' } },
      });
      const reached = results.findLast((one) => this.#isAsked(one));
      if (reached !== undefined)
        return [
          `waits: ${sequence.items[length]!.name} did not come after ${this.#lastText(reached)}`,
        ];
    }
    return [`waits: ${sequence.items[0]!.name} did not come`];
  }

  #lastText(result: ResultChange): string {
    const last = eventsOf(result).at(-1)!;
    return this.#recordText(last.partition, last.position, last.at);
  }

  #recordText(partition: string, position: number, at?: number): string {
    const time = at === undefined ? '' : ` at ${isoTime(at)}`;
    return `record ${position} of ${partition}${time}`;
  }
}

interface EvidenceEvent {
  readonly partition: string;
  readonly position: number;
  readonly at: number;
  readonly step: string | undefined;
}

function eventsOf({ result, positions }: ResultChange): EvidenceEvent[] {
  return [...result.first, ...result.last].map(({ partition, at }, i) => ({
    partition,
    position: positions[i]!,
    at,
    step: result.steps?.[i],
  }));
}

const isTwice = (
  events: readonly EvidenceEvent[],
  { partition, position }: EvidenceEvent,
): boolean =>
  events.filter((one) => one.partition === partition && one.position === position).length > 1;

const sameKey = (a: ResultChange, b: ResultChange): boolean =>
  JSON.stringify(a.result.key) === JSON.stringify(b.result.key);

function resultText({ result }: ResultChange): string {
  const key = Object.entries(result.key).map(([name, value]) => `${name} ${value}`);
  return `${[...key, `${result.count} events`].join(', ')} from ${isoTime(result.start)} to ${isoTime(result.end)}`;
}

const stepsText = ({ result }: ResultChange): string => (result.steps ?? []).join(', ');

/** A rule that gives each event for which a condition holds, under its key. */
function probeRule(
  filter: Code | null,
  sources: RuleSyntax['sources'],
  keys: readonly KeySyntax[] | null,
  { using, tenants, span }: RuleSyntax,
): RuleSyntax {
  const [base] = parse('RULE "probe" FILTER true', 'probe').rules;
  const window = { span, kind: 'count', events: 1, expiresMs: null } as const;
  const latenessMs = 50 * 365 * 86_400_000;
  return {
    ...base!,
    filter,
    sources,
    using,
    tenants,
    latenessMs,
    aggregate: { span, keys, window, sort: [], having: null },
  };
}

/** The values of the fields that a condition reads, in a record. */
function valuesText({ condition }: WhatIf, record: Fields): string {
  const paths = [
    ...(condition?.sources ?? []).map(({ field }) => field.path),
    ...(condition?.code == null ? [] : pathsIn(condition.code)),
  ];
  const texts = [...new Set(paths.map((path) => path.join('.')))].map(
    (path) => `${path} is ${JSON.stringify(valueAtPath(record, path.split('.')) ?? null)}`,
  );
  return texts.length === 0 ? '' : `: ${texts.join(', ')}`;
}

function pathsIn({ tree }: Code): string[][] {
  const name =
    'params' in tree && tree.params[0]?.type === 'Identifier' ? tree.params[0].name : 'event';
  const found: string[][] = [];
  const inner = new Set<unknown>();
  visit(tree, (node) => {
    if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression') {
      // A method is no field.
      const path = pathOf(node.callee.object as AnyNode, name);
      inner.add(node.callee);
      if (path !== null && path.length > 0) found.push(path);
      return;
    }
    if (node.type !== 'MemberExpression' || inner.has(node)) return;
    inner.add(node.object);
    const path = pathOf(node, name);
    if (path !== null && path.length > 0) found.push(path);
  });
  return found;
}

function pathOf(node: AnyNode, root: string): string[] | null {
  if (node.type === 'Identifier') return node.name === root ? [] : null;
  if (node.type !== 'MemberExpression') return null;
  const before = pathOf(node.object as AnyNode, root);
  if (before === null) return null;
  if (!node.computed && node.property.type === 'Identifier') return [...before, node.property.name];
  return node.property.type === 'Literal' ? [...before, String(node.property.value)] : null;
}
