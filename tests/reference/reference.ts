/**
 * The reference matcher: docs/language.md, slow and obvious. It looks at every event with every rule, keeps all of
 * them, and judges every window from all of its events. Only final results: what was shown before is not its matter.
 */
import { lowerRule } from '../../packages/core/src/language/lower.ts';
import type { RuleSyntax, SourceSyntax } from '../../packages/core/src/language/epl/syntax.ts';
import type { Result } from '../../packages/core/src/plan/result.ts';
import type { SourcePlan, SourcesPlan } from '../../packages/core/src/plan/source-plan.ts';
import type { Windowed } from './aggregates.ts';
import { isTrue, runForEvent } from './code.ts';
import { eventFrom, type Delivery, type SeenEvent } from './events.ts';
import { judgeOf } from './having.ts';
import { inLists, type ReferenceList } from './lists.ts';
import { compareEvents } from './order.ts';
import {
  allKeysOf,
  hasInput as hasOwnInput,
  hasParts,
  isInput,
  keysOf,
  matchesOf,
  type HavingsBefore,
  partsOf,
  passesSources,
} from './parts.ts';
import { keyTextOf } from './paths.ts';
import {
  alertsOf,
  simpleResults,
  windowResults,
  type FinalAlert,
  type RuleFacts,
  type Standing,
} from './results.ts';
import { inLevels, reads } from './levels.ts';
import { ResultEvent } from './result-event.ts';
import { stateTextOf } from '../../packages/core/src/plan/state-text.ts';
import { trueWindows, type JudgesBefore } from './windows.ts';

export interface ReferenceInput {
  readonly rules: readonly RuleSyntax[];
  readonly sources: SourcesPlan;
  readonly lists: readonly ReferenceList[];
  /** In the order of arrival. */
  readonly deliveries: readonly Delivery[];
  /** Other rules from an event time on, which rises. */
  readonly edits?: readonly {
    readonly activeFrom: number;
    readonly rules: readonly RuleSyntax[];
  }[];
}

export interface ReferenceOutcome {
  /** Sorted by ($at, id). */
  readonly results: readonly Result[];
  readonly alerts: readonly FinalAlert[];
  readonly counts: ReferenceCounts;
}

export interface ReferenceCounts {
  read: number;
  decoded: number;
  undecodable: number;
  duplicates: number;
  wanted: number;
  late: number;
  noTime: number;
  future: number;
  noKey: number;
  excepted: number;
}

export function reference(input: ReferenceInput): ReferenceOutcome {
  return new Matcher(input).outcome();
}

/** What a rule has seen of one key of one tenant. */
interface KeyEvents {
  readonly rule: RuleFacts;
  readonly tenant: string;
  readonly texts: readonly string[];
  readonly events: Windowed[];
}

class Matcher {
  readonly #input: ReferenceInput;
  readonly #rules: readonly RuleFacts[];
  readonly #counts: ReferenceCounts = {
    read: 0,
    decoded: 0,
    undecodable: 0,
    duplicates: 0,
    wanted: 0,
    late: 0,
    noTime: 0,
    future: 0,
    noKey: 0,
    excepted: 0,
  };
  readonly #simple = new Map<RuleFacts, Standing[]>();
  readonly #keys = new Map<string, KeyEvents>();
  /** Highest min(time, arrivedAt) by partition and clock field. */
  readonly #highest = new Map<string, number>();
  /** Until which watermark an identity is remembered, by partition. */
  readonly #identities = new Map<string, Map<string, number>>();

  constructor(input: ReferenceInput) {
    this.#input = input;
    this.#rules = versionsOf(input);
  }

  outcome(): ReferenceOutcome {
    for (const delivery of this.#input.deliveries) this.#deliver(delivery);
    const results: Result[] = [];
    const alerts: FinalAlert[] = [];
    // Level by level: the results of one are events of the next.
    const ofVersion = new Map<RuleFacts, Standing[]>();
    const inOrder = inLevels(this.#rules);
    for (const { rule, level } of inOrder) {
      // Versions of one rule are of one level: what the newer ones have the older ones do not give.
      for (const one of inOrder)
        if (one.level === level && !ofVersion.has(one.rule))
          ofVersion.set(one.rule, [
            ...(this.#simple.get(one.rule) ?? []),
            ...[...this.#keys.values()]
              .filter((key) => key.rule === one.rule)
              .flatMap((key) => this.#resultsOf(key)),
          ]);
      const own = this.#ofItsTime(rule, ofVersion);
      results.push(...own.map(({ result }) => result));
      const isSimple = rule.syntax.aggregate === null && !hasParts(rule.syntax);
      if (rule.syntax.status === 'enabled' && !(isSimple && rule.syntax.alert === null))
        alerts.push(...alertsOf(rule, own, alertSpans(rule.syntax)));
      for (const reader of this.#rules.filter((other) => reads(other, rule)))
        for (const { result, trigger, isLate } of own)
          if (!isLate) this.#meetResult(reader, new ResultEvent(result, rule, level, trigger));
    }
    results.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    alerts.sort((a, b) => (a.results[0]! < b.results[0]! ? -1 : 1));
    return { results, alerts, counts: this.#counts };
  }

  /** The results of a version: those whose last event is of its time, unless the version after has them too. */
  #ofItsTime(rule: RuleFacts, ofVersion: ReadonlyMap<RuleFacts, readonly Standing[]>): Standing[] {
    const next = this.#rules.find((one) => one.before === rule);
    const mine = (ofVersion.get(rule) ?? []).filter((one) => one.lastAt >= rule.from);
    if (next === undefined) return mine;
    const after = this.#ofItsTime(next, ofVersion);
    const keys = [...this.#keys.values()].filter((key) => key.rule === next);
    return mine.filter(({ result, isEarly }) => {
      if (after.some((one) => one.result.id === result.id)) return false;
      if (isEarly || !next.isKept) return true;
      // A window that is judged at its end belongs to the version of its last event.
      const key = keys.find(
        (one) =>
          one.tenant === result.tenant &&
          JSON.stringify(one.texts) === JSON.stringify(Object.values(result.key)),
      );
      return !key?.events.some(({ at }) => at >= next.from && at < result.end);
    });
  }

  #resultsOf({ rule, tenant, texts, events }: KeyEvents): Standing[] {
    const { aggregate } = rule.syntax;
    const ordered = events.toSorted((a, b) =>
      compareEvents(a.event.nameAt(a.at), b.event.nameAt(b.at)),
    );
    const found =
      aggregate === null
        ? matchesOf(rule.syntax, texts, ordered, havingsBefore(rule))
        : trueWindows(ordered, aggregate.window, judgeOf(aggregate), judgesBefore(rule));
    return found.flatMap((window) => windowResults(rule, tenant, texts, window));
  }

  #deliver(delivery: Delivery): void {
    this.#counts.read++;
    const event = eventFrom(delivery, this.#input.sources, (partition) =>
      this.#highestOf(delivery.source, partition, null),
    );
    if (event === null) {
      this.#counts.undecodable++;
      return;
    }
    if (event.hasDeclaredNumber && this.#isRepeated(event)) {
      this.#counts.duplicates++;
      return;
    }
    this.#counts.decoded++;
    const isWanted = this.#rules.filter((rule) => this.#meet(rule, event)).length > 0;
    if (isWanted) this.#counts.wanted++;
    for (const using of [
      null,
      ...this.#rules.map(({ syntax }) => syntax.using?.field.path ?? null),
    ]) {
      const at = event.timeOf(using);
      const seen = Math.min(at, event.arrivedAt);
      if (!Number.isNaN(at) && seen > this.#highestOf(event.source.name, event.partition, using))
        this.#highest.set(clockName(event.source.name, event.partition, using), seen);
    }
  }

  #highestOf(source: string, partition: string, using: readonly string[] | null): number {
    return this.#highest.get(clockName(source, partition, using)) ?? -Infinity;
  }

  #isRepeated(event: SeenEvent): boolean {
    const { source, partition, number, tenant, factAt } = event;
    const name = clockName(source.name, partition, null);
    const seen = this.#identities.get(name) ?? new Map<string, number>();
    this.#identities.set(name, seen);
    const watermark = this.#highestOf(source.name, partition, null) - source.boundMs;
    const identity = JSON.stringify(number);
    if ((seen.get(identity) ?? -Infinity) >= watermark && seen.has(identity)) return true;
    seen.set(identity, factAt + (source.latenessMs ?? this.#tenantLatenessMs(tenant)));
    return false;
  }

  #tenantLatenessMs(tenant: string): number {
    return this.#input.sources.tenants.find(({ name }) => name === tenant)?.latenessMs ?? 0;
  }

  /** A result, as an event of a rule that reads it. What is counted of events is not counted of it. */
  #meetResult(rule: RuleFacts, event: ResultEvent): void {
    const before = { ...this.#counts };
    const asSeen = event as unknown as SeenEvent;
    this.#wants(rule, asSeen, () => this.#holdByKeys(rule, asSeen, event.factAt));
    Object.assign(this.#counts, before);
  }

  /** true: the rule wants the event. */
  #meet(rule: RuleFacts, event: SeenEvent): boolean {
    return this.#wants(rule, event, (hits) => {
      if (rule.syntax.aggregate !== null || hasParts(rule.syntax)) return this.#hold(rule, event);
      const { latenessMs, boundMs } = this.#timesOf(rule.syntax, event);
      const highest = this.#highestOf(event.source.name, event.partition, null);
      const isLate = event.timeFrom === 'arrival' || event.factAt < highest - boundMs - latenessMs;
      const found = simpleResults(rule, event, hits).map((result): Standing => ({
        result,
        trigger: event.nameAt(event.factAt),
        event,
        isLate,
        lastAt: Infinity,
        isEarly: true,
      }));
      this.#simple.set(rule, [...(this.#simple.get(rule) ?? []), ...found]);
    });
  }

  /** Events from an edit on are for the new version; one that keeps events sees older ones too. */
  #isOfVersion({ syntax, from, until }: RuleFacts, event: SeenEvent): boolean {
    const isSimple = syntax.aggregate === null && !hasParts(syntax);
    const using = syntax.using?.field.path ?? null;
    const at = using === null || 'isResult' in event ? event.factAt : event.timeOf(using);
    if (until === Infinity && (from === -Infinity || !isSimple)) return true;
    return at < until && (!isSimple || at >= from);
  }

  #wants(
    rule: RuleFacts,
    event: SeenEvent,
    take: (hits: Result['iocs'][number][]) => void,
  ): boolean {
    const { syntax } = rule;
    if (syntax.tenants !== null && !syntax.tenants.includes(event.tenant)) return false;
    if (!this.#isOfVersion(rule, event)) return false;
    if (!passesSources(syntax.sources, event)) return false;
    if (syntax.filter !== null && !isTrue(runForEvent(syntax.filter, event))) return false;
    const hits: Result['iocs'][number][] = [];
    if (syntax.iocs !== null && !inLists(syntax.iocs, event, this.#input.lists, hits)) return false;
    if (hasParts(syntax) && !isInput(syntax, event)) return false;
    const isExcepted = syntax.excepts.some(
      ({ code, untilMs }) =>
        (untilMs === null || event.factAt < untilMs) && isTrue(runForEvent(code, event)),
    );
    if (isExcepted) {
      this.#counts.excepted++;
      return false;
    }
    take(hits);
    return true;
  }

  /** Puts an event into the windows of its keys, unless its time keeps it out. */
  #hold(rule: RuleFacts, event: SeenEvent): void {
    const using = rule.syntax.using?.field.path ?? null;
    const at = event.timeOf(using);
    const { latenessMs, boundMs } = this.#timesOf(rule.syntax, event);
    if (Number.isNaN(at)) this.#counts.noTime++;
    else if (event.isFromFuture(at)) this.#counts.future++;
    else if (at < this.#highestOf(event.source.name, event.partition, using) - boundMs - latenessMs)
      this.#counts.late++;
    else this.#holdByKeys(rule, event, at);
  }

  #holdByKeys(rule: RuleFacts, event: SeenEvent, at: number): void {
    const { aggregate } = rule.syntax;
    const keys = aggregate === null ? allKeysOf(rule.syntax, event) : keysOf(aggregate.keys, event);
    if (keys.length === 0) this.#counts.noKey++;
    for (const texts of keys) {
      const name = JSON.stringify([this.#rules.indexOf(rule), event.tenant, texts]);
      const key = this.#keys.get(name) ?? { rule, tenant: event.tenant, texts, events: [] };
      key.events.push({ event, at });
      this.#keys.set(name, key);
    }
  }

  /** Lateness: the rule's; else the largest of its sources'; else the tenant's; else 0. */
  #timesOf(syntax: RuleSyntax, event: SeenEvent): { latenessMs: number; boundMs: number } {
    const declared = this.#input.sources.sources.filter((source) =>
      canSelect(syntax, source, event.tenant),
    );
    const latenesses = declared
      .map(({ latenessMs }) => latenessMs)
      .filter((latenessMs) => latenessMs !== null);
    const ofSources =
      latenesses.length > 0 ? Math.max(...latenesses) : this.#tenantLatenessMs(event.tenant);
    return {
      latenessMs: syntax.latenessMs ?? ofSources,
      boundMs: syntax.using?.boundMs ?? event.source.boundMs,
    };
  }
}

/** How far apart results may be to be one alert, and how long one may last. */
const alertSpans = (syntax: RuleSyntax): { forMs: number; maxMs: number } => ({
  forMs: syntax.alert?.forMs ?? alertSpanMs(syntax),
  maxMs: syntax.alert?.maxMs ?? 86_400_000,
});

function alertSpanMs({ aggregate, sequence, all, join }: RuleSyntax): number {
  if (join !== null) {
    if (join.between.kind === 'within') return join.between.withinMs;
    return Math.max(Math.abs(join.between.lowMs), Math.abs(join.between.highMs)) + 1;
  }
  if (aggregate === null) return (sequence ?? all)?.withinMs ?? 3_600_000;
  const { window } = aggregate;
  if (window.kind === 'session') return window.gapMs;
  return window.kind === 'count' ? (window.expiresMs ?? 3_600_000) : window.lengthMs;
}

/** The rules and what edits made of them: each version with the times that are its own. */
function versionsOf({ rules, edits = [] }: ReferenceInput): RuleFacts[] {
  const make = (syntax: RuleSyntax, from: number, before: RuleFacts | null): RuleFacts => ({
    syntax,
    id: syntax.id ?? syntax.name,
    version: lowerRule(syntax).plan?.version ?? '',
    from,
    until: Infinity,
    before,
    isKept: false,
  });
  const stateOf = ({ syntax }: RuleFacts): string => stateTextOf(lowerRule(syntax).plan!);
  const enabled = (all: readonly RuleSyntax[]): RuleSyntax[] =>
    all.filter(({ status }) => status !== 'disabled');
  const versions = enabled(rules).map((syntax) => make(syntax, -Infinity, null));
  for (const edit of edits) {
    const next = enabled(edit.rules).map((syntax) => make(syntax, edit.activeFrom, null));
    for (const [i, old] of [...versions.entries()]) {
      if (old.until < Infinity) continue;
      const at = next.findIndex(({ id }) => id === old.id);
      const [same] = at < 0 ? [] : next.splice(at, 1);
      if (same !== undefined && same.version === old.version) continue;
      const ended = { ...old, until: edit.activeFrom };
      versions[i] = ended;
      for (const one of versions) if (one.before === old) Object.assign(one, { before: ended });
      if (same !== undefined)
        versions.push({ ...same, before: ended, isKept: stateOf(same) === stateOf(old) });
    }
    versions.push(...next);
  }
  return versions;
}

/** What earlier versions say whose state goes on in this one. */
function judgesBefore({ before, isKept }: RuleFacts): JudgesBefore {
  if (before === null || !isKept) return [];
  return [
    ...judgesBefore(before),
    { judge: judgeOf(before.syntax.aggregate!), until: before.until },
  ];
}

function havingsBefore({ before, isKept }: RuleFacts): HavingsBefore {
  if (before === null || !isKept) return [];
  const { sequence, all, join } = before.syntax;
  const { having } = (sequence ?? all ?? join)!;
  return [...havingsBefore(before), { having, until: before.until }];
}

const clockName = (source: string, partition: string, using: readonly string[] | null): string =>
  JSON.stringify([source, partition, using]);

/** Can events of the source pass the rule's SOURCES, as far as the source's constant fields tell? */
function canSelect(syntax: RuleSyntax, source: SourcePlan, tenant: string): boolean {
  const { sources, tenants } = syntax;
  if (source.tenant.kind === 'constant' && source.tenant.name !== tenant) return false;
  if (
    tenants !== null &&
    source.tenant.kind === 'constant' &&
    !tenants.includes(source.tenant.name)
  )
    return false;
  const isNeeded = hasParts(syntax) && !hasOwnInput(syntax);
  if (isNeeded && !partsOf(syntax).some((part) => canPass(part.sources, source))) return false;
  return canPass(sources, source);
}

function canPass(sources: readonly SourceSyntax[], source: SourcePlan): boolean {
  return sources.every(({ field, values }) => {
    const name = field.path.join('.');
    if (name === '$source') return values.includes(source.name);
    if (name === '$tenant')
      return source.tenant.kind === 'field' || values.includes(source.tenant.name);
    const part = (['product', 'service', 'category'] as const).find((one) => name === `$${one}`);
    if (part !== undefined) {
      const known = source.logSource[part];
      return known === null ? source.view !== null : values.includes(known);
    }
    if (!Object.hasOwn(source.fields, name)) return true;
    return values.includes(keyTextOf(source.fields[name], []) ?? '');
  });
}
