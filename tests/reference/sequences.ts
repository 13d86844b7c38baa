/**
 * Sequences (docs/language.md section 8), slow and obvious: every match is found by trying, and then those are left out
 * that another one forbids. It looks at the events of one key, in event order.
 */

import type { SequenceItem } from '../../packages/core/src/language/epl/syntax.ts';

/** An item of a sequence, made ready to be asked. `Event` is whatever the caller's events are. */
export type ReferenceItem<Event> =
  ReferenceStep<Event> | ReferenceGroup<Event> | ReferenceAbsent<Event>;

export type Match<Event> = Readonly<Record<string, Event | readonly Event[] | undefined>>;
export type Ask<Event> = (event: Event, match: Match<Event>) => boolean;
export type Contiguity = 'relaxed' | 'next' | 'any';

interface Loop<Event> {
  readonly least: number;
  /** Infinity: OR MORE. */
  readonly most: number;
  readonly inner: Contiguity;
  readonly isGreedy: boolean;
  readonly isOptional: boolean;
  readonly until: Ask<Event> | null;
}

export interface ReferenceStep<Event> extends Loop<Event> {
  readonly kind: 'step';
  readonly name: string;
  readonly contiguity: Contiguity;
  readonly test: Ask<Event>;
  readonly withinMs: number | null;
}

export interface ReferenceGroup<Event> extends Loop<Event> {
  readonly kind: 'group';
  readonly items: readonly ReferenceItem<Event>[];
}

export interface ReferenceAbsent<Event> {
  readonly kind: 'absent';
  readonly isNext: boolean;
  readonly test: Ask<Event>;
  readonly withinMs: number | null;
}

export interface ReferenceSequence<Event> {
  readonly items: readonly ReferenceItem<Event>[];
  readonly withinMs: number;
  readonly cancel: Ask<Event> | null;
}

/** A match: which step took which event (its index), in order. */
export interface FoundMatch<Event> {
  readonly taken: readonly (readonly [step: string, index: number])[];
  /** When it is complete: its last event's time, or the deadline of a closing absence. */
  readonly at: number;
  readonly match: Match<Event>;
  /** It waited for this time; null: it was complete with its last event. */
  readonly deadline: number | null;
}

/** A match that SKIP left. */
export interface TakenMatch<Event> extends FoundMatch<Event> {
  /** The step and event that first completed it. */
  readonly completedBy: readonly [step: string, index: number];
  /** More matches were complete at this moment than were taken. */
  readonly isCut: boolean;
}

/** What a match in the making has, and what holds until it takes its next event. */
interface State<Event> {
  readonly taken: readonly (readonly [step: string, index: number])[];
  readonly match: Match<Event>;
  /** Absences since the event taken last. */
  readonly absents: readonly ReferenceAbsent<Event>[];
  /** Greedy loops that were left and could have taken more. */
  readonly bars: readonly Bar<Event>[];
  /** UNTILs of the loops that are being gone through; `hasBegun`: it has taken an event. */
  readonly untils: readonly Until<Event>[];
  /** How the next event must lie behind the last one, where a loop says so. */
  readonly entry: Contiguity | null;
}

interface Bar<Event> {
  readonly item: ReferenceStep<Event> | ReferenceGroup<Event>;
  readonly isNext: boolean;
  readonly hasBegun: boolean;
}

interface Until<Event> {
  readonly of: object;
  readonly ask: Ask<Event>;
  readonly hasBegun: boolean;
}

type Go<Event> = (state: State<Event>) => void;

/** All matches (SKIP NONE), in no order. `events` in event order; `atOf` gives an event's time. */
export function allMatches<Event>(
  { items, withinMs, cancel }: ReferenceSequence<Event>,
  events: readonly Event[],
  atOf: (event: Event) => number,
): FoundMatch<Event>[] {
  const found = new Map<string, FoundMatch<Event>>();
  const lists = namesOfLists(items, false);
  const at = (index: number): number => atOf(events[index]!);

  function follow(list: readonly ReferenceItem<Event>[], state: State<Event>, go: Go<Event>): void {
    const [item, ...rest] = list;
    if (item === undefined) return go(state);
    const goOn: Go<Event> = (after) => follow(rest, after, go);
    if (item.kind === 'absent') return goOn({ ...state, absents: [...state.absents, item] });
    // Left out, a step leaves no trace, but for a greedy one: what it could take may not be passed.
    if (item.isOptional) goOn(item.isGreedy ? barred(item, state, false) : state);
    loop(item, state, 0, goOn);
  }

  function loop(
    item: ReferenceStep<Event> | ReferenceGroup<Event>,
    state: State<Event>,
    done: number,
    go: Go<Event>,
  ): void {
    const others = state.untils.filter(({ of }) => of !== item);
    const untils =
      item.until === null
        ? state.untils
        : [...others, { of: item, ask: item.until, hasBegun: done > 0 }];
    const entry = done > 0 ? item.inner : state.entry;
    const after: Go<Event> = (taken) => {
      const left = { ...taken, untils: taken.untils.filter(({ of }) => of !== item), entry: null };
      if (done + 1 >= item.least)
        go(item.isGreedy && done + 1 < item.most ? barred(item, left, true) : left);
      if (done + 1 < item.most) loop(item, taken, done + 1, go);
    };
    const begun = { ...state, untils, entry };
    if (item.kind === 'step') return take(item, begun, after);
    follow(item.items, begun, (taken) => {
      // Once through a group without an event is not through it.
      if (taken.taken.length > state.taken.length) after(taken);
    });
  }

  const barred = (
    item: Bar<Event>['item'],
    state: State<Event>,
    hasBegun: boolean,
  ): State<Event> => ({
    ...state,
    bars: [
      ...state.bars,
      { item, hasBegun, isNext: (hasBegun ? item.inner : contiguityOf(item)) === 'next' },
    ],
  });

  /** Tries every event that the step may take next. */
  function take(step: ReferenceStep<Event>, state: State<Event>, go: Go<Event>): void {
    const contiguity = state.entry ?? step.contiguity;
    const lastIndex = state.taken.at(-1)?.[1] ?? -1;
    const hasBegun = lastIndex >= 0;
    let { bars } = state;
    for (let index = lastIndex + 1; index < events.length; index++) {
      const event = events[index]!;
      const asks = (ask: Ask<Event>): boolean => ask(event, state.match);
      const isVeryNext = index === lastIndex + 1;
      if (hasBegun && at(index) - at(state.taken[0]![1]) >= withinMs) return;
      if (hasBegun && cancel !== null && asks(cancel)) return;
      if (state.untils.some((until) => until.hasBegun && asks(until.ask))) return;
      bars = bars.filter((bar) => !isLifted(bar, asks, isVeryNext));
      if (hasBegun && bars.some(({ item }) => couldTake(item, asks))) return;
      if (hasBegun && isVeryNext && state.absents.some((one) => one.isNext && asks(one.test)))
        return;
      const isTaken =
        asks(step.test) &&
        !state.untils.some((until) => asks(until.ask)) &&
        !(hasBegun && step.withinMs !== null && at(index) - at(lastIndex) >= step.withinMs);
      if (isTaken && (hasBegun || leadsIn(state.absents, index, state.match)))
        go(taking(step, state, index));
      if (!hasBegun) continue;
      if (contiguity === 'next' || (contiguity === 'relaxed' && asks(step.test))) return;
      if (state.absents.some((one) => !one.isNext && asks(one.test))) return;
    }
  }

  function taking(step: ReferenceStep<Event>, state: State<Event>, index: number): State<Event> {
    const event = events[index]!;
    const before = state.match[step.name];
    const own = lists.has(step.name) ? [...((before as Event[] | undefined) ?? []), event] : event;
    return {
      taken: [...state.taken, [step.name, index]],
      match: { ...state.match, [step.name]: own },
      absents: [],
      bars: [],
      untils: state.untils.map((until) => ({ ...until, hasBegun: true })),
      entry: null,
    };
  }

  /** `ABSENT c WITHIN d` first: none in the d before the first event. */
  const leadsIn = (
    absents: readonly ReferenceAbsent<Event>[],
    index: number,
    match: Match<Event>,
  ): boolean =>
    absents.every(
      ({ test, withinMs: lookMs }) =>
        !events
          .slice(0, index)
          .some((event) => atOf(event) > at(index) - (lookMs ?? 0) && test(event, match)),
    );

  function complete({ taken, absents, match }: State<Event>): void {
    if (taken.length === 0) return;
    const first = taken[0]![1];
    const last = taken.at(-1)![1];
    let completeAt = at(last);
    if (absents.length > 0) {
      const deadlines = absents.map((one) =>
        one.withinMs === null ? at(first) + withinMs : at(last) + one.withinMs,
      );
      completeAt = Math.min(at(first) + withinMs, ...deadlines);
      for (let index = last + 1; index < events.length && at(index) < completeAt; index++) {
        const asks = (ask: Ask<Event>): boolean => ask(events[index]!, match);
        if (absents.some((one) => (!one.isNext || index === last + 1) && asks(one.test))) return;
        if (cancel !== null && asks(cancel)) return;
      }
    }
    const deadline = absents.length > 0 ? completeAt : null;
    // The same events and steps, come by in several ways, are one match: complete as soon as one way is.
    const known = found.get(JSON.stringify(taken));
    if (known === undefined || completeAt < known.at)
      found.set(JSON.stringify(taken), { taken, at: completeAt, match, deadline });
  }

  const empty = {
    taken: [],
    match: emptyLists(lists),
    absents: [],
    bars: [],
    untils: [],
    entry: null,
  };
  follow(items, empty, complete);
  return [...found.values()];
}

const contiguityOf = <Event>(item: ReferenceItem<Event>): Contiguity =>
  item.kind === 'step'
    ? item.contiguity
    : item.kind === 'group'
      ? contiguityOf(item.items[0]!)
      : 'relaxed';

/** Could the loop, where it was left, take the event? */
function couldTake<Event>(item: ReferenceItem<Event>, asks: (ask: Ask<Event>) => boolean): boolean {
  if (item.kind === 'group') return couldTake(item.items[0]!, asks);
  if (item.kind === 'absent') return false;
  return asks(item.test) && !(item.until !== null && asks(item.until));
}

/** A greedy loop bars no more once its UNTIL has come, or the one event that it could have taken has passed. */
function isLifted<Event>(
  { item, isNext, hasBegun }: Bar<Event>,
  asks: (ask: Ask<Event>) => boolean,
  isVeryNext: boolean,
): boolean {
  if (isNext && !isVeryNext) return true;
  if (item.until === null || !asks(item.until)) return false;
  return hasBegun || (contiguityOf(item) !== 'any' && item.kind === 'step' && asks(item.test));
}

/** Steps of which `match` has a list: those with TIMES, and those in a group that is repeated. */
function namesOfLists<Event>(
  items: readonly ReferenceItem<Event>[],
  isRepeated: boolean,
): Set<string> {
  const names = new Set<string>();
  for (const item of items) {
    if (item.kind === 'absent') continue;
    const repeats = isRepeated || item.most > 1;
    if (item.kind === 'group')
      for (const name of namesOfLists(item.items, repeats)) names.add(name);
    else if (repeats) names.add(item.name);
  }
  return names;
}

const emptyLists = (names: ReadonlySet<string>): Record<string, readonly never[]> =>
  Object.fromEntries([...names].map((name) => [name, []]));

export type Skip =
  | { readonly kind: 'past-last' | 'to-next' | 'none' }
  | { readonly kind: 'to-first' | 'to-last'; readonly step: string };

/** The matches that SKIP leaves, in the order in which they are taken. `steps`: names in the order of the rule. */
export function skipped<Event>(
  matches: readonly FoundMatch<Event>[],
  skip: Skip,
  steps: readonly string[],
): TakenMatch<Event>[] {
  const ordered = [...matches].sort((a, b) => compareMatches(a, b, steps));
  const kept: TakenMatch<Event>[] = [];
  /** How many were taken at one moment: of one completion and last event. */
  const counts = new Map<string, number>();
  for (const match of ordered) {
    const last = kept.at(-1);
    // What may follow a complete match at its end extends it.
    if (skip.kind === 'past-last' && last !== undefined && isPrefix(last, match)) {
      const deadline = match.deadline ?? last.deadline;
      kept[kept.length - 1] = { ...last, ...match, at: last.at, deadline };
      continue;
    }
    if (kept.some((one) => forbids(one, match, skip))) continue;
    const moment = `${match.at} ${lastOf(match)}`;
    const count = counts.get(moment) ?? 0;
    if (count === MATCHES_MAX) {
      const cut = kept.findLastIndex((one) => `${one.at} ${lastOf(one)}` === moment);
      kept[cut] = { ...kept[cut]!, isCut: true };
      continue;
    }
    counts.set(moment, count + 1);
    kept.push({ ...match, completedBy: match.taken.at(-1)!, isCut: false });
  }
  return kept;
}

/** One completing event gives at most so many matches. */
const MATCHES_MAX = 100;

/** Names of steps in the order of the rule. */
export function stepNames(items: readonly SequenceItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'group') return stepNames(item.items);
    return item.kind === 'step' ? [item.name] : [];
  });
}

const firstOf = ({ taken }: FoundMatch<unknown>): number => taken[0]![1];
const lastOf = ({ taken }: FoundMatch<unknown>): number => taken.at(-1)![1];

function forbids(before: FoundMatch<unknown>, match: FoundMatch<unknown>, skip: Skip): boolean {
  switch (skip.kind) {
    case 'none':
      return false;
    case 'past-last':
      return firstOf(match) <= lastOf(before);
    case 'to-next':
      return firstOf(match) === firstOf(before);
    default: {
      const own = before.taken.filter(([step]) => step === skip.step).map(([, index]) => index);
      const from = skip.kind === 'to-first' ? own[0] : own.at(-1);
      return from !== undefined && firstOf(match) < from;
    }
  }
}

const isPrefix = (a: FoundMatch<unknown>, b: FoundMatch<unknown>): boolean =>
  a.taken.length < b.taken.length &&
  a.taken.every(([step, index], i) => b.taken[i]![0] === step && b.taken[i]![1] === index);

/** Completion, last event, first event, more events first, list of events, list of steps. */
function compareMatches(
  a: FoundMatch<unknown>,
  b: FoundMatch<unknown>,
  steps: readonly string[],
): number {
  return (
    a.at - b.at ||
    lastOf(a) - lastOf(b) ||
    firstOf(a) - firstOf(b) ||
    b.taken.length - a.taken.length ||
    compareLists(
      a.taken.map(([, index]) => index),
      b.taken.map(([, index]) => index),
    ) ||
    compareLists(
      a.taken.map(([step]) => steps.indexOf(step)),
      b.taken.map(([step]) => steps.indexOf(step)),
    )
  );
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((one, i) => one !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}
