import type { SequenceDetectPlan } from '../../../plan/match-plan.ts';
import type { Json } from '../../../plan/json.ts';
import {
  EVIDENCE_MAX,
  type AppendedInput,
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
import { atOf, type HeldEvent } from '../held-event.ts';
import { Automaton } from './automaton.ts';
import { MatchReader, type MatchCode } from './match-reader.ts';
import type { Chain } from './node-list.ts';
import { PLAIN_EVENTS_MAX, PlainSteps } from './plain-steps.ts';
import { SequenceRun, type RunStart, type Taken } from './sequence-run.ts';

/** Keys with fewer events are looked at anew each time, which costs less than keeping what was found. */
const REMEMBERED_FROM = 8;

interface Memory {
  readonly run: SequenceRun;
  readonly shown: WeakMap<Taken, Shown>;
}

/** Of a key with something open and few events. */
interface PlainMemory {
  /** In their order. */
  readonly events: readonly HeldEvent[];
  /** By the first event of a match. */
  readonly matches: ReadonlyMap<HeldEvent, { readonly chain: Chain; readonly shown: Shown }>;
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

  glance({ log, row, scannedTo, carried, clock, latenessMs }: GlanceInput): Scan | null {
    if (this.#plain === null || log.count(row) > PLAIN_EVENTS_MAX) return null;
    const { mayMatch, oldestAt } = this.#plain.glance(log, row, scannedTo);
    if (mayMatch) return null;
    const needlessTo = this.#needlessTo(clock, latenessMs);
    const before = carried as SequenceCarried | null;
    return {
      candidates: [],
      failures: [],
      due: this.#lookAgainAt(oldestAt, clock, latenessMs),
      keepFrom: oldestAt < needlessTo ? needlessTo : -Infinity,
      carried: this.#isOver(before, clock - latenessMs) ? null : before,
      oldestAt: Math.max(oldestAt, needlessTo),
    };
  }

  lookAt({ row, bytes, start, isAlone, clock, latenessMs }: AppendedInput): number | null {
    const plain = this.#plain;
    if (plain === null || plain.mayComplete(row, bytes, start, isAlone)) return null;
    return this.#lookAgainAt(atOf(bytes, start), clock, latenessMs);
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
    return Math.max(clock + 1, this.forgetAt(oldestAt, latenessMs)) + this.#plan.withinMs / 2;
  }

  scan(input: ScanInput): Scan {
    const { memory } = input;
    if (this.#plain === null) return this.#scanRun(input, memory as Memory | null);
    if (memory !== null && 'run' in (memory as object))
      return this.#scanRun(input, memory as Memory);
    const before = memory as PlainMemory | null;
    const events = before === null ? input.events : this.#merged(before.events, input.events);
    if (events.length > PLAIN_EVENTS_MAX) return this.#scanRun({ ...input, events }, null);
    return this.#scanPlain(this.#plain, { ...input, events }, before);
  }

  #merged(events: readonly HeldEvent[], fresh: readonly HeldEvent[]): readonly HeldEvent[] {
    return fresh.length === 0 ? events : [...events, ...fresh].sort(this.#compare);
  }

  #scanPlain(plain: PlainSteps, input: ScanInput, before: PlainMemory | null): Scan {
    const { events, clock, latenessMs, scannedTo } = input;
    const candidates: Candidate[] = [];
    const failures: Scan['failures'][number][] = [];
    const matches = new Map<HeldEvent, { readonly chain: Chain; readonly shown: Shown }>();
    let due = Infinity;
    const { boundary, decidesFrom } = this.#startOf(input);
    const all = plain.taken(events, boundary, decidesFrom);
    for (const taken of all) {
      const end = taken.at + 1;
      if (end <= scannedTo) continue;
      const { chain } = taken;
      const known = before?.matches.get(chain.first.event);
      const isKnown = known !== undefined && areSameEvents(known.chain, chain);
      const shown = isKnown ? known.shown : this.#show(taken, input.evidence);
      matches.set(chain.first.event, { chain, shown });
      if (shown.candidate !== null) candidates.push(shown.candidate);
      if (shown.error !== null)
        failures.push({ error: shown.error, end, event: taken.completedBy.event });
      if (!this.isFinal(end, clock, latenessMs)) due = Math.min(due, end + latenessMs);
    }
    const needlessTo = this.#needlessTo(clock, latenessMs);
    const isOpen = due < Infinity;
    const oldestAt = events[0]?.at ?? Infinity;
    due = Math.min(due, this.#lookAgainAt(oldestAt, clock, latenessMs));
    const kept = events.filter(({ at }) => at >= needlessTo);
    plain.see(input.row, events);
    return {
      candidates,
      failures,
      due,
      keepFrom: kept.length < events.length ? needlessTo : -Infinity,
      carried: this.#carried(input, all),
      memory: isOpen ? ({ events: kept, matches } satisfies PlainMemory) : null,
      oldestAt: Math.max(oldestAt, needlessTo),
    };
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
    const carried = this.#carried(input, run.taken);
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
  #carried(input: ScanInput, all: readonly Taken[]): SequenceCarried | null {
    const { kind } = this.#plan.skip;
    if (kind === 'none' || kind === 'to-next') return null;
    let newest = input.carried as SequenceCarried | null;
    const settledTo = input.clock - input.latenessMs;
    const beginsFrom = settledTo - this.#plan.withinMs;
    for (const { chain, at } of all) {
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
    const { first, last } = endsOf(chain);
    const steps = [...first, ...last].map(({ step }) => this.#plan.steps[step]!.name);
    const candidate: Candidate = {
      identity: ['sequence', this.#identity(taken, evidence)],
      start: chain.first.event.at,
      end: deadline ?? chain.event.at + 1,
      at: taken.at,
      count: chain.length,
      first: first.map(({ event }) => evidence(event)),
      last: last.map(({ event }) => evidence(event)),
      judged,
      settledAt: settledAt(taken, this.#plan),
      isAbsence: deadline !== null,
      steps,
      isCut: taken.isCut,
      trigger: evidence(completedBy.event),
    };
    return { candidate, error: null };
  }

  #judge({ chain }: Taken): Judged | null {
    if (this.#having === null) return { value: true, measures: {} };
    const value = this.#having.judge(chain);
    return value ? { value: kept(value), measures: {} } : null;
  }

  /** Under PAST LAST a match grows, so what first completed it is its name; else all that it is made of. */
  #identity(
    { chain, completedBy }: Taken,
    evidence: (event: HeldEvent) => Evidence,
  ): readonly Json[] {
    const one = ({ step, event }: Chain): Json => {
      // The time too: an identity that comes again later than repetitions are looked for is another event.
      const { source, partition, number, at } = evidence(event).name;
      return [this.#plan.steps[step]!.name, source, partition, number, at];
    };
    if (this.#plan.skip.kind === 'past-last') return [one(completedBy)];
    const all: Json[] = [];
    for (let at: Chain | null = chain; at !== null; at = at.before) all.push(one(at));
    return all.reverse();
  }
}

function areSameEvents(a: Chain | null, b: Chain | null): boolean {
  if (a === null || b === null) return a === b;
  return a.event === b.event && areSameEvents(a.before, b.before);
}

function settledAt({ chain, deadline, canGrow }: Taken, { withinMs }: SequenceDetectPlan): number {
  if (canGrow) return chain.first.event.at + withinMs;
  return deadline ?? chain.event.at + 1;
}

/** The first and the last events of a match, in their order. */
function endsOf(chain: Chain): { first: Chain[]; last: Chain[] } {
  if (chain.fifth === null) return { first: newest(chain, EVIDENCE_MAX), last: [] };
  const last = newest(chain, Math.min(EVIDENCE_MAX, chain.length - EVIDENCE_MAX));
  return { first: newest(chain.fifth, EVIDENCE_MAX), last };
}

function newest(chain: Chain, most: number): Chain[] {
  const found: Chain[] = [];
  for (let at: Chain | null = chain; at !== null && found.length < most; at = at.before)
    found.push(at);
  return found.reverse();
}

function eventOf(chain: Chain, step: number, isFirst: boolean): Chain | null {
  let found: Chain | null = null;
  for (let at: Chain | null = chain; at !== null; at = at.before) {
    if (at.step !== step) continue;
    found = at;
    if (!isFirst) break;
  }
  return found;
}
