import type { CodeClause, EditedFrame, Host } from '../frames.ts';
import type { Json, Path } from '../plan/json.ts';
import type {
  CodePlan,
  ColumnPlan,
  KeyPlan,
  DetectPlan,
  IocPlan,
  Plan,
  RulePlan,
  SourceTest,
  ValuePlan,
} from '../plan/plan.ts';
import {
  defaultSource,
  type SourcePlan,
  type SourcesPlan,
  type TimeFieldPlan,
} from '../plan/source-plan.ts';
import type { EventReader } from '../plan/event-reader.ts';
import { keyTextOf } from '../plan/key-text.ts';
import { instantiate } from '../functions/instantiate.ts';
import type { PartsPlan } from '../plan/match-plan.ts';
import type { MatchCode } from './correlate/sequence/match-reader.ts';
import { eventValueFrom, givenValueFrom } from './correlate/plain-value.ts';
import type { CorrelateCode } from './correlate/window-kind.ts';
import { levelsOf, namesResults, readsResultsOf } from '../plan/reading.ts';
import { stateTextOf } from '../plan/state-text.ts';
import { EventClasses } from './match/event-classes.ts';
import { RuleCalls, type RuleGuard } from './protect/rule-calls.ts';
import type { ClockFacts } from './time/clocks.ts';

/** A plan made ready to run: code instantiated, paths numbered, rules found by what their sources declare. */
export class Program {
  readonly rules: RuleProgram[] = [];
  /** Paths that any rule or source reads; a slot is an index into it. */
  readonly paths: Path[] = [];
  /** Fields that give clocks of their own; clock field i + 1 is `usings[i]`, 0 the source's time. */
  readonly usings: Path[] = [];
  /** Rules read results of lower levels only; the lowest is 0. */
  levels = 1;
  /** What stands in the place of a source for results that are read as events. */
  resultSource: { readonly source: SourceProgram };
  readonly #slots = new Map<string, number>();
  readonly #sources = new Map<string, SourceProgram>();
  readonly #plans: SourcesPlan;
  readonly #host: Host;
  /** All code of rules runs through it. */
  readonly calls: RuleCalls;

  constructor(plan: Plan, sources: SourcesPlan, host: Host) {
    this.#plans = sources;
    this.#host = host;
    this.calls = new RuleCalls(host, sources.limits);
    for (const rule of enabledOf(plan)) this.#add(rule, -Infinity, null);
    this.#putIntoLevels();
    this.resultSource = { source: this.#sourceProgram({ ...defaultSource, name: '$results' }) };
    for (const source of sources.sources)
      this.#sources.set(source.name, this.#sourceProgram(source));
  }

  #add(rule: RulePlan, givesFrom: number, before: RuleProgram | null): RuleProgram {
    const program = this.#ruleProgram(rule, this.rules.length, givesFrom, before);
    this.rules.push(program);
    return program;
  }

  #putIntoLevels(): void {
    const { levels } = levelsOf(this.rules.map(({ rule }) => rule));
    this.levels = Math.max(0, ...levels) + 1;
    for (const program of this.rules) {
      program.level = levels[program.index]!;
      [program.readers.length, program.reads.length] = [0, 0];
    }
    for (const reader of this.rules)
      for (const read of this.rules)
        if (readsResultsOf(reader.rule, read.rule)) {
          read.readers.push(reader);
          reader.reads.push(read.index);
        }
  }

  /** Other rules from an event time on (docs/language.md section 10). Rules keep their indexes; new ones come after. */
  edit(plan: Plan, activeFrom: number): EditedFrame['rules'] {
    const changed: EditedFrame['rules'][number][] = [];
    const next = new Map(enabledOf(plan).map((rule) => [rule.id, rule]));
    const active = this.rules.filter(({ until }) => until === Infinity);
    for (const old of active) {
      const rule = next.get(old.rule.id);
      next.delete(old.rule.id);
      if (rule?.version === old.rule.version) continue;
      old.until = activeFrom;
      const id = old.rule.id;
      if (rule === undefined) changed.push({ rule: id, change: 'gone' });
      else {
        const isKept = stateTextOf(rule) === stateTextOf(old.rule);
        const added = this.#add(rule, activeFrom, old);
        added.isKept = isKept;
        added.isWarming = !isKept;
        old.after = added;
        const hasState = rule.detect.kind !== 'simple';
        changed.push({ rule: id, change: isKept || !hasState ? 'kept' : 'warming' });
      }
    }
    for (const rule of next.values()) {
      this.#add(rule, activeFrom, null).isWarming = true;
      changed.push({ rule: rule.id, change: rule.detect.kind === 'simple' ? 'kept' : 'warming' });
    }
    this.#putIntoLevels();
    this.#times.clear();
    this.#sourceValues = null;
    for (const { plan: source } of [...this.#sources.values()])
      this.#sources.set(source.name, this.#sourceProgram(source));
    this.resultSource = { source: this.#sourceProgram({ ...defaultSource, name: '$results' }) };
    return changed;
  }

  /** What was recorded has been given again. */
  refilled(): void {
    for (const rule of this.rules) rule.isWarming = false;
  }

  slotOf(path: Path): number {
    const text = JSON.stringify(path);
    let slot = this.#slots.get(text);
    if (slot === undefined) {
      slot = this.paths.length;
      this.paths.push(path);
      this.#slots.set(text, slot);
    }
    return slot;
  }

  /** A source that nobody declared is read with the defaults. */
  source(name: string): SourceProgram {
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = this.#sourceProgram({ ...defaultSource, name });
      this.#sources.set(name, source);
      this.#times.clear();
    }
    return source;
  }

  #slotsOf(code: CodePlan): Int32Array {
    return Int32Array.from(code.paths, (path) => this.slotOf(path));
  }

  readonly #compile = (source: string): unknown => this.#host.compile(source);

  #eventCode(code: CodePlan, guard: RuleGuard, clause: CodeClause): EventCode {
    const made = instantiate(code, this.#slotsOf(code), this.#compile) as EventCode;
    return this.calls.watch(guard, clause, made, code.isLight);
  }

  /** Code that does not read a decoded batch: HAVING and SINK. */
  #code(code: CodePlan, guard: RuleGuard, clause: CodeClause): (input: never) => unknown {
    const own = Int32Array.from(code.paths, (_path, i) => i);
    const made = instantiate(code, own, this.#compile) as (input: never) => unknown;
    return this.calls.watch(guard, clause, made, code.isLight);
  }

  #value(plan: ValuePlan | ColumnPlan, guard: RuleGuard, clause: CodeClause): EventValue {
    if (plan.kind === 'whole') return (event) => eventValueFrom(event.whole());
    if (plan.kind === 'code') {
      const code = this.#eventCode(plan.code, guard, clause);
      return (event) => givenValueFrom(code(event));
    }
    const slot = this.slotOf(plan.path);
    return (event) => eventValueFrom(event.get(slot));
  }

  #key({ value, each }: KeyPlan, guard: RuleGuard): KeyProgram {
    const slot = value.kind === 'path' && !each ? this.slotOf(value.path) : -1;
    return { value: this.#value(value, guard, 'AGGREGATE BY'), each, slot };
  }

  #ruleProgram(
    rule: RulePlan,
    index: number,
    givesFrom: number,
    before: RuleProgram | null,
  ): RuleProgram {
    const { detect, time } = rule;
    const keys = detect.kind === 'window' ? detect.keys : [];
    const columns = detect.kind === 'simple' ? [] : detect.columns;
    const guard = this.calls.guard(rule.id);
    return {
      index,
      rule,
      guard,
      level: 0,
      givesFrom,
      until: Infinity,
      before,
      after: null,
      isKept: false,
      isWarming: false,
      readers: [],
      reads: [],
      filter: rule.filter === null ? null : this.#eventCode(rule.filter, guard, 'FILTER'),
      iocs: rule.iocs === null ? null : this.#iocProgram(rule.iocs),
      excepts: rule.excepts.map(({ code, untilMs }) => ({
        holds: this.#eventCode(code, guard, 'EXCEPT'),
        untilMs,
      })),
      clockField: time.using === null ? 0 : this.#clockFieldOf(time.using),
      keys: keys.map((key) => this.#key(key, guard)),
      columns: columns.map((column) =>
        column.kind === 'bits' ? NO_BITS : this.#value(column, guard, 'HAVING'),
      ),
      code: this.#correlateCode(detect, guard),
      parts:
        detect.kind === 'simple' || detect.kind === 'window'
          ? null
          : this.#parts(detect, namesResults(rule.sources), guard),
      alertSlots: (rule.alert?.fields ?? []).map((path) => this.slotOf(path)),
      sink: rule.sink === null ? null : this.#code(rule.sink, guard, 'SINK'),
    };
  }

  #correlateCode(detect: DetectPlan, guard: RuleGuard): CorrelateCode {
    if (detect.kind === 'simple') return { having: null, tests: [] };
    if (detect.kind === 'window')
      return {
        having: 'code' in detect.having ? this.#code(detect.having.code, guard, 'HAVING') : null,
        tests: [],
      };
    return {
      having: detect.having === null ? null : this.#code(detect.having.code, guard, 'HAVING'),
      tests: detect.tests.map(({ withMatch }) =>
        withMatch === null
          ? null
          : (this.#code(withMatch.code, guard, 'FILTER') as unknown as MatchCode),
      ),
    };
  }

  #parts(
    { keyLists, tests, hasInput, isStrict }: PartsPlan,
    readsResults: boolean,
    guard: RuleGuard,
  ): PartsProgram {
    return {
      keyLists: keyLists.map((keys) => keys.map((key) => this.#key(key, guard))),
      tests: tests.map(({ keyList, sources, filter }) => ({
        keyList,
        sources: sources.map(({ path, values }) => ({
          slot: this.slotOf(path),
          values: new Set(values.filter((one) => one !== '')),
        })),
        filter: filter === null ? null : this.#eventCode(filter, guard, 'FILTER'),
        readsResults: readsResults || namesResults(sources),
      })),
      hasInput,
      isStrict,
    };
  }

  #clockFieldOf(path: Path): number {
    const text = JSON.stringify(path);
    const known = this.usings.findIndex((using) => JSON.stringify(using) === text);
    return known >= 0 ? known + 1 : this.usings.push(path);
  }

  #iocProgram(plan: IocPlan): IocProgram {
    if (plan.kind === 'in')
      return {
        kind: 'in',
        list: plan.list,
        slot: this.slotOf(plan.path),
        field: plan.path.join('.'),
      };
    if (plan.kind === 'not') return { kind: 'not', of: this.#iocProgram(plan.of) };
    return { kind: plan.kind, of: plan.of.map((part) => this.#iocProgram(part)) };
  }

  #sourceProgram(plan: SourcePlan): SourceProgram {
    const slots = (paths: readonly Path[]): number[] => paths.map((path) => this.slotOf(path));
    const constants = Object.entries(plan.fields).map(
      ([name, value]) => [this.slotOf(name.split('.')), value] as const,
    );
    return {
      plan,
      constants,
      tenantSlot: plan.tenant.kind === 'field' ? this.slotOf(plan.tenant.path) : -1,
      partitionSlot: plan.partition === null ? -1 : this.slotOf(plan.partition),
      identitySlots: slots(plan.identity),
      timeSlots: slots(plan.time.paths),
      arrivedAtSlots: slots(plan.arrivedAt?.paths ?? []),
      usingSlots: slots(this.usings),
      empty: new Set(plan.empty),
      candidates: this.#candidatesOf(plan),
      classes: this.#classesOf(plan),
    };
  }

  /** null: what its events are is known, or no rule asks. */
  #classesOf({ view, logSource }: SourcePlan): EventClasses | null {
    const isAsked = this.rules.some(({ rule }) => asksLogSource(rule));
    const hasNames = view !== null && view.classes.some(({ names }) => !isEmpty(names));
    if (!hasNames && !isAsked) return null;
    return new EventClasses(view?.classes ?? [], logSource, (path) => this.slotOf(path));
  }

  /** The rules that can want an event of a source, by what must be asked of the event. */
  #candidatesOf(source: SourcePlan): CandidateIndex {
    const always: RuleProgram[] = [];
    const byField = new Map<number, Map<string, RuleProgram[]>>();
    for (const program of this.rules) {
      const open = this.#openTests(program.rule, source);
      if (open === null) continue;
      if (open.length === 0) {
        always.push(program);
        continue;
      }
      const first = this.#narrowest(open);
      const slot = this.slotOf(first.path);
      let byValue = byField.get(slot);
      if (byValue === undefined) byField.set(slot, (byValue = new Map()));
      // The empty text is no value that an event could have.
      for (const value of first.values.filter((one) => one !== ''))
        byValue.set(value, [...(byValue.get(value) ?? []), program]);
    }
    const restOf = this.rules.map(({ rule }) => this.#restOf(this.#openTests(rule, source) ?? []));
    return { always, byField: [...byField].map(([slot, byValue]) => ({ slot, byValue })), restOf };
  }

  #restOf(
    open: readonly SourceTest[],
  ): { readonly slot: number; readonly values: ReadonlySet<string> }[] {
    if (open.length === 0) return [];
    const first = this.#narrowest(open);
    return open
      .filter((test) => test !== first)
      .map(({ path, values }) => ({
        slot: this.slotOf(path),
        values: new Set(values.filter((one) => one !== '')),
      }));
  }

  /** The test by which a rule is found: of the field with the most values among all rules. */
  #narrowest(open: readonly SourceTest[]): SourceTest {
    const widths = open.map(({ path }) => this.#valuesOf().get(JSON.stringify(path))!.size);
    return open[widths.indexOf(Math.max(...widths))]!;
  }

  #sourceValues: Map<string, Set<string>> | null = null;

  #valuesOf(): Map<string, Set<string>> {
    if (this.#sourceValues === null) {
      this.#sourceValues = new Map();
      for (const { path, values } of this.rules.flatMap(({ rule }) => rule.sources)) {
        const name = JSON.stringify(path);
        const known = this.#sourceValues.get(name) ?? new Set();
        for (const value of values) known.add(value);
        this.#sourceValues.set(name, known);
      }
    }
    return this.#sourceValues;
  }

  /** The tests that only an event can answer; null: no event of this source can pass. */
  #openTests(rule: RulePlan, source: SourcePlan): RulePlan['sources'] | null {
    if (
      rule.tenants !== null &&
      source.tenant.kind === 'constant' &&
      !rule.tenants.includes(source.tenant.name)
    )
      return null;
    const { detect } = rule;
    const isOfParts = detect.kind !== 'simple' && detect.kind !== 'window';
    if (isOfParts && !detect.hasInput) {
      const canPass = detect.tests.some((test) => openTests(test.sources, source) !== null);
      if (!canPass) return null;
    }
    return openTests(rule.sources, source);
  }

  /** What decides the clock of a rule for a tenant, and the rule's lateness there. */
  timeOf(program: RuleProgram, tenant: string): RuleTime {
    const name = `${program.index} ${tenant}`;
    let time = this.#times.get(name);
    if (time === undefined) this.#times.set(name, (time = this.#timeOf(program, tenant)));
    return time;
  }

  /** By rule and tenant; a source that nobody declared changes all. */
  readonly #times = new Map<string, RuleTime>();

  #timeOf(program: RuleProgram, tenant: string): RuleTime {
    const { rule, clockField } = program;
    const sources = [...this.#sources.values()]
      .map(({ plan }) => plan)
      .filter((source) => source.tenant.kind === 'field' || source.tenant.name === tenant)
      .filter((source) => this.#openTests(rule, source) !== null);
    const latenesses = sources.flatMap(({ latenessMs }) =>
      latenessMs === null ? [] : [latenessMs],
    );
    const ofTenant = this.tenantLatenessMs(tenant);
    return {
      clock: {
        clockField,
        boundMs: new Map(
          sources.map((source) => [source.name, rule.time.boundMs ?? source.boundMs]),
        ),
        idleAfterMs: Math.max(0, ...sources.map(({ idleAfterMs }) => idleAfterMs)),
      },
      latenessMs:
        rule.time.latenessMs ?? (latenesses.length > 0 ? Math.max(...latenesses) : ofTenant),
    };
  }

  tenantLatenessMs(tenant: string): number {
    return this.#plans.tenants.find(({ name }) => name === tenant)?.latenessMs ?? 0;
  }

  /** How a clock field is read in events of a source: as the source's own times are written, or as times usually are. */
  usingPlans(source: SourcePlan, using: Path): readonly TimeFieldPlan[] {
    const usual: TimeFieldPlan = { paths: [using], format: null, zone: source.time.zone };
    return source.time.format === null
      ? [usual]
      : [{ ...usual, format: source.time.format }, usual];
  }
}

/** Tests that only an event can answer; null: no event of this source passes them. */
function openTests(tests: readonly SourceTest[], source: SourcePlan): SourceTest[] | null {
  const open: SourceTest[] = [];
  for (const test of tests) {
    const known = knownText(test.path, source);
    if (known === undefined) open.push(test);
    else if (known === null || !test.values.includes(known)) return null;
  }
  return open;
}

const enabledOf = ({ rules }: Plan): RulePlan[] =>
  rules.filter(({ facts }) => facts.status !== 'disabled');

const NO_BITS: EventValue = () => 0;

/** What a source declares of a field, as key text; null: no event has it; undefined: events must be asked. */
function knownText(path: Path, source: SourcePlan): string | null | undefined {
  if (path.length === 1 && path[0] === '$source') return source.name;
  if (path.length === 1 && RESULT_FACTS.has(path[0]!)) return null;
  const part = path.length === 1 ? LOG_SOURCE_FACTS[path[0]!] : undefined;
  if (part !== undefined)
    return source.logSource[part] ?? (source.view === null ? null : undefined);
  if (path.length === 1 && path[0] === '$tenant')
    return source.tenant.kind === 'constant' ? source.tenant.name : undefined;
  const name = path.join('.');
  if (!Object.hasOwn(source.fields, name)) return undefined;
  return keyTextOf(source.fields[name], new Set()) ?? undefined;
}

const RESULT_FACTS: ReadonlySet<string> = new Set(['$rule', '$tag', '$severity']);

const LOG_SOURCE_FACTS: Readonly<Record<string, 'product' | 'service' | 'category'>> = {
  $product: 'product',
  $service: 'service',
  $category: 'category',
};

const isEmpty = (names: object): boolean => Object.keys(names).length === 0;

/** Does any part of the rule read `$product`, `$service` or `$category`? */
function asksLogSource(rule: RulePlan): boolean {
  const text = JSON.stringify([
    rule.sources,
    rule.filter?.paths,
    rule.excepts,
    rule.detect,
    rule.sink?.paths,
  ]);
  return Object.keys(LOG_SOURCE_FACTS).some((fact) => text.includes(`"${fact}"`));
}

export type EventCode = (event: EventReader) => unknown;
/** What is kept of an event: plain, and of code within the limits of a result. Throws as code does. */
export type EventValue = (event: EventReader) => Json | undefined;

/** What decides a rule's clock for a tenant, and its lateness there, ms. */
export interface RuleTime {
  readonly clock: ClockFacts;
  readonly latenessMs: number;
}

export interface RuleProgram {
  readonly index: number;
  readonly rule: RulePlan;
  /** Whether it runs, and what it costs. */
  readonly guard: RuleGuard;
  level: number;
  /** Results whose last event is older are those of the version before. */
  readonly givesFrom: number;
  /** Events from then on are for the version after. */
  until: number;
  /** The versions before and after it; `isKept`: it goes on with what the one before holds. */
  readonly before: RuleProgram | null;
  after: RuleProgram | null;
  isKept: boolean;
  /** It began with an edit, and what was recorded before has not been given again. */
  isWarming: boolean;
  /** Rules that read its results, and those (by index) whose results it reads. */
  readonly readers: RuleProgram[];
  readonly reads: number[];
  /** By field of ALERT BY: where a simple rule reads it in its event. */
  readonly alertSlots: readonly number[];
  readonly filter: EventCode | null;
  readonly iocs: IocProgram | null;
  readonly excepts: readonly { readonly holds: EventCode; readonly untilMs: number | null }[];
  readonly clockField: number;
  readonly keys: readonly KeyProgram[];
  readonly columns: readonly EventValue[];
  readonly code: CorrelateCode;
  /** null: the rule has no steps or sides. */
  readonly parts: PartsProgram | null;
  readonly sink: ((input: never) => unknown) | null;
}

export interface KeyProgram {
  readonly value: EventValue;
  /** A list gives a key for each of its elements. */
  readonly each: boolean;
  /** Of the field that it is, if it is nothing more; else -1. */
  readonly slot: number;
}

export interface PartsProgram {
  readonly keyLists: readonly RuleProgram['keys'][];
  readonly tests: readonly {
    readonly keyList: number;
    readonly sources: readonly { readonly slot: number; readonly values: ReadonlySet<string> }[];
    readonly filter: EventCode | null;
    /** It names results, or its rule does. */
    readonly readsResults: boolean;
  }[];
  readonly hasInput: boolean;
  readonly isStrict: boolean;
}

export type IocProgram =
  | { readonly kind: 'in'; readonly list: string; readonly slot: number; readonly field: string }
  | { readonly kind: 'not'; readonly of: IocProgram }
  | { readonly kind: 'and'; readonly of: readonly IocProgram[] }
  | { readonly kind: 'or'; readonly of: readonly IocProgram[] };

export interface SourceProgram {
  readonly plan: SourcePlan;
  readonly constants: readonly (readonly [slot: number, value: Json])[];
  /** -1: the tenant is constant. */
  readonly tenantSlot: number;
  /** -1: the stream is the partition. */
  readonly partitionSlot: number;
  readonly identitySlots: readonly number[];
  readonly timeSlots: readonly number[];
  readonly arrivedAtSlots: readonly number[];
  readonly usingSlots: readonly number[];
  readonly empty: ReadonlySet<string>;
  readonly candidates: CandidateIndex;
  readonly classes: EventClasses | null;
}

export interface CandidateIndex {
  readonly always: readonly RuleProgram[];
  readonly byField: readonly {
    readonly slot: number;
    readonly byValue: ReadonlyMap<string, readonly RuleProgram[]>;
  }[];
  /** By rule index: tests of SOURCES beyond the one that found it. */
  readonly restOf: readonly (readonly {
    readonly slot: number;
    readonly values: ReadonlySet<string>;
  }[])[];
}
