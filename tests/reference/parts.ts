/**
 * Rules of several parts: steps of SEQUENCE and ALL, sides of JOIN (docs/language.md sections 8 and 9). An event stands
 * under each key that the rule's BY or the BY of a part gives it; a part sees it only under its own.
 */
import type {
  Code,
  KeySyntax,
  RuleSyntax,
  SequenceItem,
  SourceSyntax,
} from '../../packages/core/src/language/epl/syntax.ts';
import { visit } from '../../packages/core/src/language/epl/visit.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import type { Windowed } from './aggregates.ts';
import { callFunction, evaluateOverMatch, isTrue, runForEvent } from './code.ts';
import type { SeenEvent } from './events.ts';
import { isResultEvent, namesResults } from './result-event.ts';
import { compareEvents } from './order.ts';
import { keyTextOf } from './paths.ts';
import { sequenceFrom } from './sequence-syntax.ts';
import { allMatches, skipped, stepNames, type Ask, type Match } from './sequences.ts';
import type { TrueWindow } from './windows.ts';

export interface Part {
  readonly name: string;
  readonly keys: readonly KeySyntax[] | null;
  readonly sources: readonly SourceSyntax[];
  readonly filter: Code | null;
}

export const hasParts = ({ sequence, all, join }: RuleSyntax): boolean =>
  (sequence ?? all ?? join) !== null;

/** Everything in the rule that may want an event. */
export function partsOf({ sequence, all, join }: RuleSyntax): Part[] {
  if (join !== null) return [...join.sides];
  const found = itemParts((sequence ?? all)!.items);
  if (sequence?.cancel) found.push({ ...NONE, name: 'CANCEL', filter: sequence.cancel });
  return found;
}

const NONE = { keys: null, sources: [], filter: null };

function itemParts(items: readonly SequenceItem[]): Part[] {
  return items.flatMap((item): Part[] => {
    const until = item.kind !== 'absent' && item.loop?.until;
    const keys = item.kind === 'step' ? item.keys : null;
    const ofUntil = until ? [{ ...NONE, keys, name: 'UNTIL', filter: until }] : [];
    return [...(item.kind === 'group' ? itemParts(item.items) : [item]), ...ofUntil];
  });
}

export const ruleKeys = ({ sequence, all, join }: RuleSyntax): readonly KeySyntax[] | null =>
  (sequence ?? all ?? join)!.keys;

/** Does the rule itself say what its input is? */
export const hasInput = ({ sources, filter, iocs }: RuleSyntax): boolean =>
  sources.length > 0 || filter !== null || iocs !== null;

/** Is the event input of the rule, whose own clauses it has passed? */
export const isInput = (rule: RuleSyntax, event: SeenEvent): boolean =>
  hasInput(rule) || partsOf(rule).some((part) => couldWant(rule, part, event));

/** Only what names results reads them. */
const mayRead = (rule: RuleSyntax, part: Part, event: SeenEvent): boolean =>
  !isResultEvent(event) || namesResults(rule.sources) || namesResults(part.sources);

function couldWant(rule: RuleSyntax, part: Part, event: SeenEvent): boolean {
  const { sources, filter } = part;
  if (!mayRead(rule, part, event) || !passesSources(sources, event)) return false;
  return filter === null || readsMatch(filter) || isTrue(runForEvent(filter, event));
}

function readsMatch({ names, tree }: Code): boolean {
  if (names !== 'function' || !('params' in tree) || tree.params.length < 2) return false;
  const second = tree.params[1]!;
  if (second.type !== 'Identifier') return true;
  let uses = 0;
  visit(tree.body, (node) => {
    if (node.type === 'Identifier' && node.name === second.name) uses++;
  });
  return uses > 0;
}

export function passesSources(sources: readonly SourceSyntax[], event: SeenEvent): boolean {
  return sources.every(({ field, values }) => {
    const value = event.get(field.path);
    const texts = (Array.isArray(value) ? (value as Json[]) : [value]).map((one) =>
      keyTextOf(one, []),
    );
    return texts.some((text) => text !== null && values.includes(text));
  });
}

/** The keys that a list of keys gives an event. */
export function keysOf(keys: readonly KeySyntax[] | null, event: SeenEvent): string[][] {
  const parts = (keys ?? []).map(({ value, each }) => {
    if (value.kind === 'field') return event.keyTexts(event.get(value.field.path), each);
    const outcome = runForEvent(value.code, event);
    return 'value' in outcome ? event.keyTexts(outcome.value as Json | undefined, each) : [];
  });
  return parts.reduce<string[][]>(
    (all, texts) => all.flatMap((before) => texts.map((text) => [...before, text])),
    [[]],
  );
}

/** All keys under which an event stands. */
export function allKeysOf(rule: RuleSyntax, event: SeenEvent): string[][] {
  const own = ruleKeys(rule);
  const all = [own, ...partsOf(rule).map(({ keys }) => keys ?? own)].flatMap((keys) =>
    keysOf(keys, event),
  );
  return [...new Map(all.map((texts) => [JSON.stringify(texts), texts])).values()];
}

/** What a match of a rule with parts is, before HAVING. */
interface Found {
  readonly kind: TrueWindow['kind'];
  readonly from: Json;
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly count: number;
  readonly events: readonly Windowed[];
  readonly steps: readonly string[];
  readonly isCut: boolean;
  readonly trigger: Windowed;
  readonly lastAt?: number;
  readonly isEarly?: boolean;
  readonly having: readonly unknown[];
}

/** HAVING of earlier versions, for times before their end. */
export type HavingsBefore = readonly { readonly having: Code | null; readonly until: number }[];

/** The matches of one key whose HAVING is true. `events` in event order. */
export function matchesOf(
  rule: RuleSyntax,
  texts: readonly string[],
  events: readonly Windowed[],
  before: HavingsBefore = [],
): TrueWindow[] {
  const key = JSON.stringify(texts);
  /** A part's condition, for events that stand here under the part's key. */
  const asks = (part: Part): Ask<Windowed> => {
    const keys = part.keys ?? ruleKeys(rule);
    return ({ event }, match) =>
      mayRead(rule, part, event) &&
      keysOf(keys, event).some((one) => JSON.stringify(one) === key) &&
      passesSources(part.sources, event) &&
      (part.filter === null || holds(part.filter, event, match));
  };
  const found =
    rule.sequence !== null
      ? sequences(rule, events, asks)
      : rule.all !== null
        ? runsOfAll(rule, events, asks, before)
        : pairs(rule, events, asks);
  const { having } = (rule.sequence ?? rule.all ?? rule.join)!;
  return found.flatMap(({ having: read, ...window }) => {
    // The fields of a run are those of its first true time, and of the version that held then.
    const old = rule.all && before.find(({ until }) => (window.from as number) < until);
    const own = old ? old.having : having;
    const value = own === null ? true : valueOf(own, read, rule);
    return value ? [{ ...window, judged: { value, measures: {} } }] : [];
  });
}

function holds({ names, tree }: Code, event: SeenEvent, match: Match<Windowed>): boolean {
  if (names === 'function') return isTrue(callFunction({ tree }, [event, seen(match)]));
  return isTrue(runForEvent({ names, tree } as Code, event));
}

/** The match as rule code sees it. */
function seen(match: Match<Windowed>): Readonly<Record<string, unknown>> {
  const of = (one: unknown): unknown =>
    Array.isArray(one)
      ? (one as Windowed[]).map(({ event }) => event)
      : (one as Windowed | undefined)?.event;
  return Object.fromEntries(Object.entries(match).map(([name, one]) => [name, of(one)]));
}

function valueOf(having: Code, read: readonly unknown[], { join }: RuleSyntax): unknown {
  if (having.names === 'function') {
    const outcome = callFunction(having, read);
    return 'value' in outcome ? outcome.value : null;
  }
  const names = join === null ? ['match'] : ['a', 'b'];
  const outcome = evaluateOverMatch(
    having.tree as never,
    new Map(names.map((name, i) => [name, read[i]])),
  );
  return 'value' in outcome ? outcome.value : null;
}

const nameOf = ({ event, at }: Windowed): Json[] => {
  const { source, partition, number } = event.nameAt(at);
  return [source, partition, number, at];
};

function sequences(
  { sequence }: RuleSyntax,
  events: readonly Windowed[],
  asks: (part: Part) => Ask<Windowed>,
): Found[] {
  const { skip, items } = sequence!;
  const made = sequenceFrom(sequence!, asks);
  const matches = allMatches(made, events, ({ at }) => at);
  return skipped(matches, skip, stepNames(items)).map(
    ({ taken, at, match, completedBy, deadline, isCut }) => {
      const own = taken.map(([, index]) => events[index]!);
      const named = ([step, index]: readonly [string, number]): Json => [
        step,
        ...nameOf(events[index]!),
      ];
      return {
        kind: 'sequence',
        from: skip.kind === 'past-last' ? [named(completedBy)] : taken.map(named),
        start: own[0]!.at,
        end: deadline ?? own.at(-1)!.at + 1,
        at,
        count: own.length,
        events: own,
        steps: taken.map(([step]) => step),
        isCut,
        trigger: events[completedBy[1]]!,
        having: [seen(match)],
      };
    },
  );
}

const DAY_MS = 86_400_000;

/** ALL: judged at each time of an event of a step; runs of true times. */
function runsOfAll(
  { all }: RuleSyntax,
  events: readonly Windowed[],
  asks: (part: Part) => Ask<Windowed>,
  before: HavingsBefore,
): Found[] {
  const { items, withinMs } = all!;
  const steps = items.filter((item) => item.kind === 'step');
  const absents = items.filter((item) => item.kind === 'absent');
  const isOf = (part: Part, event: Windowed): boolean => asks(part)(event, {});
  const times = [
    ...new Set(events.filter((one) => steps.some((step) => isOf(step, one))).map(({ at }) => at)),
  ];
  const aheadMs = absents.length === 0 ? 0 : withinMs;
  const runs: { found: Found; lastAt: number; firstAt: number }[] = [];
  let isOpen = false;
  const close = (end: number): void => {
    if (isOpen) runs[runs.length - 1] = { ...runs.at(-1)!, found: { ...runs.at(-1)!.found, end } };
    isOpen = false;
  };
  for (const at of times) {
    const run = runs.at(-1);
    if (isOpen && at - run!.lastAt >= withinMs) close(run!.lastAt + withinMs);
    const window = events.filter((one) => one.at > at - withinMs && one.at <= at);
    const newest = steps.map((step) =>
      window.filter((one) => isOf(step, one)).slice(-(step.loop?.least ?? 1)),
    );
    const isTrueNow =
      newest.every((own, i) => own.length === (steps[i]!.loop?.least ?? 1)) &&
      !events.some(
        (one) => Math.abs(one.at - at) < withinMs && absents.some((absent) => isOf(absent, one)),
      );
    const match = Object.fromEntries(
      steps.map((step, i) => {
        const own = newest[i]!.map(({ event }) => event);
        return [step.name, (step.loop?.least ?? 1) > 1 ? own : own[0]];
      }),
    );
    const old = before.find(({ until }) => at < until);
    const having = old === undefined ? all!.having : old.having;
    const value =
      isTrueNow &&
      (having === null || valueOf(having, [match], { join: null } as unknown as RuleSyntax));
    if (!value) {
      close(at);
      continue;
    }
    const count = window.filter((one) => steps.some((step) => isOf(step, one))).length;
    if (isOpen && at >= runs.at(-1)!.firstAt + DAY_MS) close(at);
    if (isOpen) {
      const { found } = runs.at(-1)!;
      runs[runs.length - 1] = {
        ...runs.at(-1)!,
        lastAt: at,
        found: { ...found, count: Math.max(found.count, count) },
      };
      continue;
    }
    const taken = newest
      .flatMap((own, i) => own.map((event) => ({ event, step: i })))
      .sort(
        (a, b) =>
          compareEvents(a.event.event.nameAt(a.event.at), b.event.event.nameAt(b.event.at)) ||
          a.step - b.step,
      );
    isOpen = true;
    runs.push({
      firstAt: at,
      lastAt: at,
      found: {
        kind: 'all',
        from: at,
        start: taken[0]!.event.at,
        end: Number.NaN,
        at: at + aheadMs,
        count,
        events: taken.map(({ event }) => event),
        steps: taken.map(({ step }) => steps[step]!.name),
        isCut: false,
        trigger: taken.at(-1)!.event,
        having: [match],
      },
    });
  }
  if (isOpen) close(runs.at(-1)!.lastAt + withinMs);
  return runs.map(({ found, lastAt }) => ({ ...found, lastAt, isEarly: absents.length === 0 }));
}

const PAIRS_MAX = 100;

function pairs(
  { join }: RuleSyntax,
  events: readonly Windowed[],
  asks: (part: Part) => Ask<Windowed>,
): Found[] {
  const { between, sides, keep } = join!;
  const isPair = (a: Windowed, b: Windowed): boolean =>
    a !== b &&
    asks(sides[0])(a, {}) &&
    asks(sides[1])(b, {}) &&
    (between.kind === 'within'
      ? Math.abs(b.at - a.at) < between.withinMs
      : b.at - a.at >= between.lowMs && b.at - a.at <= between.highMs);
  const found: Found[] = [];
  const givesPairs = !keep.some(({ only }) => only);
  events.forEach((later, i) => {
    const own = events
      .slice(0, i)
      .flatMap((earlier) => [
        ...(isPair(earlier, later) ? [{ a: earlier, b: later, earlier }] : []),
        ...(isPair(later, earlier) ? [{ a: later, b: earlier, earlier }] : []),
      ]);
    if (!givesPairs) return;
    own.slice(0, PAIRS_MAX).forEach(({ a, b, earlier }, j) =>
      found.push({
        kind: 'pair',
        from: [nameOf(a), nameOf(b)],
        start: earlier.at,
        end: later.at + 1,
        at: later.at,
        count: 2,
        events: [earlier, later],
        steps: earlier === a ? [sides[0].name, sides[1].name] : [sides[1].name, sides[0].name],
        isCut: own.length > PAIRS_MAX && j === PAIRS_MAX - 1,
        trigger: later,
        having: [a.event, b.event],
      }),
    );
  });
  sides.forEach((side, i) => {
    if (!keep.some((one) => one.side === side.name)) return;
    const [low, high] =
      between.kind === 'within'
        ? [1 - between.withinMs, between.withinMs - 1]
        : [between.lowMs, between.highMs];
    for (const event of events) {
      if (!asks(side)(event, {})) continue;
      if (events.some((other) => (i === 0 ? isPair(event, other) : isPair(other, event)))) continue;
      const deadline = Math.max(event.at, event.at + (i === 0 ? high : -low)) + 1;
      found.push({
        kind: 'unmatched',
        from: [side.name, ...nameOf(event)],
        start: event.at,
        end: deadline,
        at: deadline,
        count: 1,
        events: [event],
        steps: [side.name],
        isCut: false,
        trigger: event,
        having: i === 0 ? [event.event, undefined] : [undefined, event.event],
      });
    }
  });
  return found;
}
