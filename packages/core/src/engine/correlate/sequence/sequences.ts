import type { SequenceDetectPlan } from '../../../plan/match-plan.ts';
import { appended } from '../../../state/few-by-id.ts';
import { StepEvents } from '../../result-id.ts';
import {
  EVIDENCE_MAX,
  type Candidate,
  type Evidence,
  type GlanceInput,
  type Scan,
  type ScanInput,
  type SequenceCarried,
  type WindowKind,
} from '../candidates.ts';
import { kept, type Judged } from '../having.ts';
import { compareEventNames } from '../../time/event-order.ts';
import { areSameEvent, atOf, type HeldEvent } from '../held-event.ts';
import { Automaton } from './automaton.ts';
import { MatchReader, type MatchCode } from './match-reader.ts';
import type { Chain } from './node-list.ts';
import { PLAIN_EVENTS_MAX, PlainSteps } from './plain-steps.ts';
import { SequenceRun, type RunStart, type Taken } from './sequence-run.ts';

const NOTHING_KNOWN: readonly Known[] = [];

/** Keys with fewer events are looked at anew each time, which costs less than keeping what was found. */
const REMEMBERED_FROM = 8;

interface Memory {
  readonly run: SequenceRun;
  readonly shown: WeakMap<Taken, Shown>;
}

/** A match, and what is shown of it. */
interface Known {
  readonly taken: Taken;
  readonly shown: Shown;
}

/** What is kept of a key with something open and few events. */
interface PlainMemory {
  readonly matches: readonly Known[];
  readonly oldestAt: number;
  /** Of the events that no match has begun with, the oldest. */
  readonly waitingAt: number;
}

type Shown = { readonly candidate: Candidate | null; readonly error: unknown };

/** `SEQUENCE`: the matches that SKIP leaves are the candidates. */
export class Sequences implements WindowKind {
  readonly isEarly = true;
  readonly eventsMin: number;
  readonly #plan: SequenceDetectPlan;
  readonly #automaton: Automaton;
  readonly #having: MatchReader | null;
  readonly #compare: (a: HeldEvent, b: HeldEvent) => number;
  readonly #plain: PlainSteps | null;

  constructor(
    plan: SequenceDetectPlan,
    codes: readonly (MatchCode | null)[],
    having: MatchCode | null,
    compare: (a: HeldEvent, b: HeldEvent) => number,
  ) {
    this.#plan = plan;
    this.#automaton = new Automaton(plan, codes);
    this.#having = plan.having === null ? null : new MatchReader(plan, plan.having, having!);
    this.#compare = compare;
    this.#plain = PlainSteps.of(plan);
    // A leading absence looks at events that are of no match.
    this.eventsMin = plan.automaton.eventsMin;
  }

  isFinal(end: number, clock: number, latenessMs: number): boolean {
    return clock >= end + latenessMs;
  }

  forgetAt(at: number, latenessMs: number): number {
    const { withinMs, automaton } = this.#plan;
    // One more: a match that is complete at clock - lateness is decided again, and needs its first event.
    return at + withinMs + automaton.lookbackMs + latenessMs + 1;
  }

  glance(input: GlanceInput): Scan | null {
    const { log, row, scannedTo, isUnchanged } = input;
    const plain = this.#plain;
    if (plain === null || input.carried !== null || log.count(row) > PLAIN_EVENTS_MAX) return null;
    const before = input.memory as PlainMemory | null;
    if (before !== null && isUnchanged) return this.#scanOf(input, before, scannedTo);
    if (!plain.look(log, row)) return null;
    const found = plain.found(scannedTo - this.#plan.withinMs, scannedTo);
    const matches = found.length === 0 ? NOTHING_KNOWN : new Array<Known>(found.length);
    for (let i = 0; i < found.length; i++)
      (matches as Known[])[i] = this.#known(plain, found[i]!, before, input);
    const { oldestAt } = plain;
    const waitingAt = plain.oldestWaiting(this.#needlessTo(input.clock, input.latenessMs));
    return this.#scanOf(input, { matches, oldestAt, waitingAt }, scannedTo);
  }

  /** A match as it was shown before, or as it is shown now. */
  #known(
    plain: PlainSteps,
    places: readonly number[],
    before: PlainMemory | null,
    { log, evidence }: GlanceInput,
  ): Known {
    if (before !== null)
      for (const one of before.matches)
        if (plain.isMadeOf(log, places, one.taken.chain)) return one;
    const taken = plain.takenAt(log, places, this.#having === null ? 0 : this.#plan.columns.length);
    return { taken, shown: this.#show(taken, evidence) };
  }

  /** What the matches of a key mean. */
  #scanOf(
    input: Pick<ScanInput, 'clock' | 'latenessMs' | 'carried' | 'evidence'>,
    memory: PlainMemory,
    scannedTo: number,
  ): Scan {
    const { clock, latenessMs } = input;
    const { matches, oldestAt, waitingAt } = memory;
    const settled = scannedTo - 1;
    const news = newerThan(matches, settled);
    let due = Infinity;
    for (const { taken } of news) {
      const end = taken.at + 1;
      if (!this.isFinal(end, clock, latenessMs)) due = Math.min(due, end + latenessMs);
    }
    const needlessTo = this.#needlessTo(clock, latenessMs);
    const isOpen = due < Infinity;
    return {
      candidates: candidatesOf(news),
      failures: failuresOf(news),
      due: Math.min(due, this.#lookAgainAt(oldestAt, clock, latenessMs)),
      keepFrom: isOpen ? -Infinity : this.#keepFrom(memory, clock - latenessMs, needlessTo),
      carried: this.#carried(input, matches),
      memory: isOpen ? memory : null,
      rereads: true,
      // An event that waited may do so no more: until the next look the least that it can be is told.
      oldestAt: Math.max(waitingAt, needlessTo),
    };
  }

  /**
   * With nothing open. Events are let go by age, which costs a look at all that are held: it waits until the oldest is a
   * quarter of the span too old. Under SKIP NONE what is settled is only held for matches in the making, and all before the
   * first of these goes at once.
   */
  #keepFrom({ oldestAt, waitingAt }: PlainMemory, settledTo: number, needlessTo: number): number {
    const { skip, withinMs } = this.#plan;
    const isNone = skip.kind === 'none';
    const keepFrom = isNone ? Math.max(needlessTo, Math.min(settledTo, waitingAt)) : needlessTo;
    return oldestAt < keepFrom - (isNone ? 0 : withinMs / 4) ? keepFrom : -Infinity;
  }

  lookAt(
    row: number,
    bytes: Uint8Array,
    start: number,
    isAlone: boolean,
    clock: number,
    latenessMs: number,
  ): number | null {
    const plain = this.#plain;
    if (plain === null || plain.mayComplete(row, bytes, start, isAlone)) return null;
    return this.#lookAgainAt(atOf(bytes, start), clock, latenessMs);
  }

  nothingWaits(row: number, clock: number, latenessMs: number): boolean {
    return this.#plain?.nothingWaits(row, this.#needlessTo(clock, latenessMs)) ?? false;
  }

  changesWithEventsOnly(row: number): boolean {
    return this.#plain?.isKnown(row) ?? false;
  }

  forget(row: number): void {
    this.#plain?.forget(row);
  }

  #needlessTo(clock: number, latenessMs: number): number {
    const { withinMs, automaton } = this.#plan;
    return clock - latenessMs - withinMs - automaton.lookbackMs;
  }

  /** Events may go one by one: it is worth a look when some may. */
  #lookAgainAt(oldestAt: number, clock: number, latenessMs: number): number {
    return Math.max(clock + 1, this.forgetAt(oldestAt, latenessMs)) + this.#plan.withinMs;
  }

  scan(input: ScanInput): Scan {
    const { memory, events } = input;
    const isRun = memory !== null && 'run' in (memory as object);
    if (this.#plain === null || isRun) return this.#scanRun(input, memory as Memory | null);
    if (events.length > PLAIN_EVENTS_MAX) return this.#scanRun(input, null);
    return this.#scanPlain(this.#plain, input, memory as PlainMemory | null);
  }

  #scanPlain(plain: PlainSteps, input: ScanInput, before: PlainMemory | null): Scan {
    const { events, clock, latenessMs } = input;
    const { boundary, decidesFrom } = this.#startOf(input);
    const matches = plain.taken(events, boundary, decidesFrom).map(
      (taken): Known =>
        before?.matches.find((known) => areSameEvents(known.taken.chain, taken.chain)) ?? {
          taken,
          shown: this.#show(taken, input.evidence),
        },
    );
    plain.see(input.row, events);
    const { oldestAt } = plain;
    const waitingAt = plain.oldestWaiting(this.#needlessTo(clock, latenessMs));
    return this.#scanOf(input, { matches, oldestAt, waitingAt }, input.scannedTo);
  }

  #scanRun(input: ScanInput, before: Memory | null): Scan {
    const { clock, latenessMs, scannedTo } = input;
    const memory = before ?? this.#begin(input);
    const { run } = memory;
    run.add(input.events);
    const candidates: Candidate[] = [];
    const failures: Scan['failures'][number][] = [];
    let due = Infinity;
    for (const taken of run.takenAt(clock)) {
      const end = settledAt(taken, this.#plan);
      if (end <= scannedTo) continue;
      const { candidate, error } = this.#shown(memory, taken, input.evidence);
      if (candidate !== null) candidates.push(candidate);
      if (error !== null) failures.push({ error, end, event: taken.completedBy.event });
      if (!this.isFinal(end, clock, latenessMs)) due = Math.min(due, end + latenessMs);
    }
    if (run.nextDeadline > clock) due = Math.min(due, run.nextDeadline);
    run.settle(clock - latenessMs);
    const needlessTo = this.#needlessTo(clock, latenessMs);
    // Letting events go costs a look at all that are held: of many, it waits for many to go.
    const isWorth = run.size < REMEMBERED_FROM || run.countBefore(needlessTo) * 4 > run.size;
    const keepFrom = isWorth ? needlessTo : -Infinity;
    const carried = this.#carried(
      input,
      run.taken.map((taken) => ({ taken })),
    );
    run.trim(keepFrom);
    const isRemembered = run.size >= REMEMBERED_FROM;
    const oldestAt = run.oldestAt;
    due = Math.min(due, this.#lookAgainAt(oldestAt, clock, latenessMs));
    return {
      candidates,
      failures,
      due,
      keepFrom,
      carried,
      memory: isRemembered ? memory : null,
      oldestAt: Math.max(oldestAt, needlessTo),
    };
  }

  #begin(input: ScanInput): Memory {
    const run = new SequenceRun(this.#automaton, this.#compare, this.#startOf(input));
    return { run, shown: new WeakMap() };
  }

  #startOf({ events, scannedTo, carried, evidence }: ScanInput): RunStart {
    const before = carried as SequenceCarried | null;
    // Events before it are only looked back at: what began with them is carried.
    const beginsFrom = scannedTo - this.#plan.withinMs;
    let boundary = 0;
    while (boundary < events.length && events[boundary]!.at < beginsFrom) boundary++;
    if (before !== null)
      while (
        boundary < events.length &&
        compareEventNames(evidence(events[boundary]!).name, before.boundary) <
          (before.isAllowed ? 0 : 1)
      )
        boundary++;
    // Matches of PAST LAST and TO NEXT are found again as they were; others only go on from what was carried.
    const { kind } = this.#plan.skip;
    const decidesFrom = kind === 'past-last' || kind === 'to-next' ? -Infinity : scannedTo;
    return { boundary, decidesFrom };
  }

  /** No match to come can begin so early. */
  #isOver(carried: SequenceCarried | null, settledTo: number): boolean {
    return carried === null || carried.boundary.at < settledTo - this.#plan.withinMs;
  }

  /** What forbids later matches and is not found again among the events that are kept. */
  #carried(
    input: Pick<ScanInput, 'clock' | 'latenessMs' | 'carried' | 'evidence'>,
    matches: readonly { readonly taken: Taken }[],
  ): SequenceCarried | null {
    const { kind } = this.#plan.skip;
    if (kind === 'none' || kind === 'to-next') return null;
    let newest = input.carried as SequenceCarried | null;
    const settledTo = input.clock - input.latenessMs;
    const beginsFrom = settledTo - this.#plan.withinMs;
    for (const {
      taken: { chain, at },
    } of matches) {
      if (kind === 'past-last' ? chain.first.event.at >= beginsFrom : at >= settledTo) continue;
      const step = 'step' in this.#plan.skip ? this.#plan.skip.step : -1;
      const to = kind === 'past-last' ? chain : eventOf(chain, step, kind === 'to-first');
      if (to === null) continue;
      const { name } = input.evidence(to.event);
      if (newest === null || compareEventNames(name, newest.boundary) > 0)
        newest = { boundary: name, isAllowed: kind !== 'past-last' };
    }
    return this.#isOver(newest, settledTo) ? null : newest;
  }

  #shown({ shown }: Memory, taken: Taken, evidence: (event: HeldEvent) => Evidence): Shown {
    let found = shown.get(taken);
    if (found === undefined) shown.set(taken, (found = this.#show(taken, evidence)));
    return found;
  }

  #show(taken: Taken, evidence: (event: HeldEvent) => Evidence): Shown {
    let judged: Judged | null;
    try {
      judged = this.#judge(taken);
    } catch (error) {
      return { candidate: null, error };
    }
    if (judged === null) return { candidate: null, error: null };
    const { chain, completedBy, deadline } = taken;
    const seen = new Array<Evidence>(Math.min(chain.length, 2 * EVIDENCE_MAX));
    const steps = new Array<string>(seen.length);
    // Newest first; of a long chain the middle is passed over.
    let at: Chain | null = chain;
    for (let i = seen.length - 1; i >= 0; i--, at = at!.before) {
      if (i === EVIDENCE_MAX - 1 && at!.length > EVIDENCE_MAX) at = chain.fifth;
      seen[i] = evidence(at!.event);
      steps[i] = this.#plan.steps[at!.step]!.name;
    }
    const isLong = seen.length > EVIDENCE_MAX;
    const candidate: Candidate = {
      identity: ['sequence', this.#identity(taken, steps, seen, evidence)],
      start: chain.first.event.at,
      end: deadline ?? chain.event.at + 1,
      at: taken.at,
      count: chain.length,
      first: isLong ? seen.slice(0, EVIDENCE_MAX) : seen,
      last: isLong ? seen.slice(EVIDENCE_MAX) : NO_EVIDENCE,
      judged,
      settledAt: settledAt(taken, this.#plan),
      isAbsence: deadline !== null,
      steps,
      isCut: taken.isCut,
      trigger: completedBy === chain ? seen[seen.length - 1]! : evidence(completedBy.event),
    };
    return { candidate, error: null };
  }

  #judge({ chain }: Taken): Judged | null {
    if (this.#having === null) return TAKEN_AS_IT_IS;
    const value = this.#having.judge(chain);
    return value ? { value: kept(value), measures: {} } : null;
  }

  /** Under PAST LAST a match grows, so what first completed it is its name; else all that it is made of. */
  #identity(
    { chain, completedBy }: Taken,
    steps: readonly string[],
    seen: readonly Evidence[],
    evidence: (event: HeldEvent) => Evidence,
  ): StepEvents {
    const nameOf = ({ step }: Chain): string => this.#plan.steps[step]!.name;
    if (this.#plan.skip.kind === 'past-last')
      return new StepEvents([nameOf(completedBy)], [evidence(completedBy.event)]);
    if (seen.length === chain.length) return new StepEvents(steps, seen);
    const all: Chain[] = [];
    for (let at: Chain | null = chain; at !== null; at = at.before) all.push(at);
    all.reverse();
    return new StepEvents(
      all.map(nameOf),
      all.map(({ event }) => evidence(event)),
    );
  }
}

/** Most often there is one, and it is new. */
function newerThan(matches: readonly Known[], at: number): readonly Known[] {
  for (const { taken } of matches)
    if (taken.at <= at) return matches.filter((one) => one.taken.at > at);
  return matches;
}

function candidatesOf(matches: readonly Known[]): readonly Candidate[] {
  let candidates: readonly Candidate[] = NO_CANDIDATES;
  for (const { shown } of matches)
    if (shown.candidate !== null) candidates = appended(candidates, shown.candidate);
  return candidates;
}

const NO_CANDIDATES: readonly Candidate[] = [];

function failuresOf(matches: readonly Known[]): Scan['failures'] {
  for (const { shown } of matches) if (shown.error !== null) return allFailuresOf(matches);
  return NO_FAILURES;
}

const allFailuresOf = (matches: readonly Known[]): Scan['failures'] =>
  matches
    .filter(({ shown }) => shown.error !== null)
    .map(({ taken, shown }) => ({
      error: shown.error,
      end: taken.at + 1,
      event: taken.completedBy.event,
    }));

const NO_FAILURES: Scan['failures'] = [];

function areSameEvents(a: Chain | null, b: Chain | null): boolean {
  if (a === null || b === null) return a === b;
  return areSameEvent(a.event, b.event) && areSameEvents(a.before, b.before);
}

function settledAt({ chain, deadline, canGrow }: Taken, { withinMs }: SequenceDetectPlan): number {
  if (canGrow) return chain.first.event.at + withinMs;
  return deadline ?? chain.event.at + 1;
}

const NO_EVIDENCE: readonly Evidence[] = [];
const TAKEN_AS_IT_IS: Judged = Object.freeze({ value: true, measures: Object.freeze({}) });

function eventOf(chain: Chain, step: number, isFirst: boolean): Chain | null {
  let found: Chain | null = null;
  for (let at: Chain | null = chain; at !== null; at = at.before) {
    if (at.step !== step) continue;
    found = at;
    if (!isFirst) break;
  }
  return found;
}
