// Promises of this file:
//   C1  No code of a rule runs but through `watch`: within its limits, with a mark that says whose it is.
//   C2  Nothing here changes a result: a clock is only asked to report costs.
import { CODE_CLAUSES, codeMark, MARK, MARKS, type CodeClause, type Host } from '../../frames.ts';
import {
  arm,
  armLate,
  defaultCallLimits,
  LimitBroken,
  useClock,
  type CallLimits,
} from '../../functions/budget.ts';
import { noMatch } from '../../functions/no-match.ts';
import type { Json } from '../../plan/json.ts';
import type { LimitsPlan, LimitValues } from '../../plan/limits-plan.ts';
import type { ByteReader } from '../../state/byte-reader.ts';
import type { ByteWriter } from '../../state/byte-writer.ts';
import type { ParkReason } from '../../frames.ts';

/** So many calls are each timed, then one of SAMPLE_EVERY; a slow one makes the next ones be timed again. */
const EXACT_CALLS = 64;
const SAMPLE_EVERY = 64;
const SLOW_MS = 0.2;
/** Where there is no clock, calls are only looked at when a rule is parked or calls are announced. */
const UNMETERED = 2 ** 30;
const SHARE_WINDOW_MS = 60_000;
const SHARE_STEP_MS = 1000;

/** Constants, since V8 would read the fields of an object anew for every call. */
const { call: CALL, code: CODE, record: RECORD } = MARK;

const NO_LIMITS: LimitsPlan = { all: {}, tenants: [], rules: [] };

/** Calls of one clause. Most are not looked at: for these, counting down is all that is done. */
class ClauseCalls {
  failed = 0;
  /** So many more calls go by until one is looked at; below 0: the call at hand is. */
  left = 0;
  /** All calls, if all that are left were made. */
  #granted = 0;

  get called(): number {
    return this.#granted - this.left;
  }

  /** Lets calls go by from now on. */
  let(count: number): void {
    this.#granted += count - this.left;
    this.left = count;
  }

  /** Calls that were counted elsewhere; or, below 0, the one at hand, which is none. */
  add(called: number): void {
    this.#granted += called;
  }
}

/** What the engine knows of one version of a rule besides its code: whether it runs, and what it has cost. */
export class RuleGuard {
  readonly index: number;
  readonly id: string;
  readonly cpuShare: number | null;
  cpuMs = 0;
  /** By index in CODE_CLAUSES. */
  readonly counts: readonly ClauseCalls[] = CODE_CLAUSES.map(() => new ClauseCalls());
  /** What it had cost at times within the last minute, oldest first. */
  readonly costs: { readonly nowMs: number; readonly cpuMs: number }[] = [];
  #parked: ParkReason | null = null;

  constructor(index: number, id: string, cpuShare: number | null) {
    this.index = index;
    this.id = id;
    this.cpuShare = cpuShare;
  }

  /** Why it sees no event; null: it does. */
  get parked(): ParkReason | null {
    return this.#parked;
  }

  set parked(reason: ParkReason | null) {
    this.#parked = reason;
    this.lookAtNext();
  }

  /** The next call of each clause is looked at. */
  lookAtNext(): void {
    for (const count of this.counts) count.let(0);
  }

  get calls(): number {
    return this.counts.reduce((sum, { called }) => sum + called, 0);
  }

  fails(clause: CodeClause): void {
    this.counts[CODE_CLAUSES.indexOf(clause)]!.failed++;
  }

  /** More than 1 % of the calls of a clause threw. */
  get isFlagged(): boolean {
    return this.counts.some(({ called, failed }) => failed > called / 100);
  }
}

/** A limit was broken in a clause of a rule. */
export type OnBroken = (guard: RuleGuard, clause: CodeClause, broken: LimitBroken) => void;

type RuleCode = (first: unknown, second: unknown) => unknown;

interface Counted {
  readonly called: number;
  readonly failed: number;
}

/** All calls of rule code of an engine. */
export class RuleCalls {
  readonly guards: RuleGuard[] = [];
  readonly marks: Int32Array;
  #isProbing = false;
  readonly #host: Host;
  readonly #plan: LimitsPlan;
  /** Limits by rule index, for the tenant at hand. */
  #limits: CallLimits[] = [];
  readonly #ofTenants = new Map<string, CallLimits[]>();
  #broken: OnBroken = () => {};

  constructor(host: Host, plan: LimitsPlan = NO_LIMITS) {
    this.#host = host;
    this.#plan = plan;
    this.marks = host.marks ?? new Int32Array(MARKS);
    this.marks[CODE] = -1;
    this.marks[RECORD] = -1;
    useClock(host.cpuNow ?? null);
    for (const { name } of plan.tenants) this.#ofTenants.set(name, []);
    this.#ofTenants.set('', this.#limits);
  }

  set onBroken(broken: OnBroken) {
    this.#broken = broken;
  }

  /** Each call is announced to the host. */
  set isProbing(isProbing: boolean) {
    if (isProbing === this.#isProbing) return;
    this.#isProbing = isProbing;
    for (const guard of this.guards) guard.lookAtNext();
  }

  /** For a new rule; its index is the number of those before it. */
  guard(id: string): RuleGuard {
    const { all, tenants, rules } = this.#plan;
    const own = rules.find((rule) => rule.id === id)?.limits ?? {};
    const guard = new RuleGuard(this.guards.length, id, { ...all, ...own }.cpuShare ?? null);
    this.guards.push(guard);
    this.#ofTenants.get('')!.push(callLimitsOf(all, own));
    for (const { name, limits } of tenants)
      this.#ofTenants.get(name)!.push(callLimitsOf(all, limits, own));
    return guard;
  }

  /** What is called next is called for an event or a key of this tenant. */
  useTenant(tenant: string): void {
    if (this.#plan.tenants.length > 0)
      this.#limits = this.#ofTenants.get(tenant) ?? this.#ofTenants.get('')!;
  }

  /**
   * `code`, with marks and within the limits of its rule. Of a parked rule, and where a limit is broken, it throws
   * `noMatch`. Costs a call that is not looked at some 12 ns, light code 8.
   */
  watch<Code extends (first: never, second: never) => unknown>(
    guard: RuleGuard,
    clause: CodeClause,
    code: Code,
    isLight: boolean,
  ): Code {
    const run = code as unknown as RuleCode;
    const looked = this.#lookedAt(guard, clause, run);
    const count = guard.counts[CODE_CLAUSES.indexOf(clause)]!;
    const mark = codeMark(guard.index, clause);
    const { marks } = this;
    const { index } = guard;
    const watched: RuleCode = (first, second) => {
      if (--count.left < 0) return looked(first, second);
      if (isLight) armLate(this.#limits[index]!);
      else arm(this.#limits[index]!);
      marks[CALL]!++;
      marks[CODE] = mark;
      let value: unknown;
      try {
        value = run(first, second);
      } catch (error) {
        marks[CODE] = -1;
        throw this.#thrown(guard, clause, error);
      }
      marks[CODE] = -1;
      return value;
    };
    return watched as unknown as Code;
  }

  /** A call that is timed or announced, or that is none, since the rule is parked. */
  #lookedAt(guard: RuleGuard, clause: CodeClause, run: RuleCode): RuleCode {
    const count = guard.counts[CODE_CLAUSES.indexOf(clause)]!;
    const mark = codeMark(guard.index, clause);
    const { marks } = this;
    const meter = this.#host.now === undefined ? null : new CallMeter(this.#host, guard, count);
    return (first, second) => {
      if (guard.parked !== null) {
        count.let(0);
        count.add(-1);
        throw noMatch;
      }
      arm(this.#limits[guard.index]!);
      marks[CALL]!++;
      marks[CODE] = mark;
      if (this.#isProbing) this.#host.probe?.();
      meter?.begins();
      try {
        return run(first, second);
      } catch (error) {
        throw this.#thrown(guard, clause, error);
      } finally {
        marks[CODE] = -1;
        if (this.#isProbing) this.#host.probe?.();
        const untilNext = meter === null ? UNMETERED : meter.ends();
        count.let(this.#isProbing || guard.parked !== null ? 0 : untilNext);
      }
    };
  }

  #thrown(guard: RuleGuard, clause: CodeClause, error: unknown): unknown {
    if (LimitBroken.is(error)) {
      this.#broken(guard, clause, error);
      return noMatch;
    }
    if (error !== noMatch) guard.fails(clause);
    return error;
  }

  /** A limit was broken by what code gave, behind its call. */
  broken(guard: RuleGuard, clause: CodeClause, broken: LimitBroken): void {
    if (guard.parked === null) this.#broken(guard, clause, broken);
  }

  /** Rules that have used more than their share of the last minute. Asks the clock. */
  overShare(): { readonly guard: RuleGuard; readonly usedMs: number }[] {
    const nowMs = this.#host.now?.();
    if (nowMs === undefined) return [];
    return this.guards
      .filter(({ cpuShare, parked }) => cpuShare !== null && parked === null)
      .map((guard) => ({ guard, usedMs: usedMs(guard, nowMs) }))
      .filter(({ guard, usedMs: used }) => used > guard.cpuShare! * SHARE_WINDOW_MS);
  }

  snapshot(writer: ByteWriter): void {
    const told = this.guards.map(({ counts }) =>
      counts.map(({ called, failed }): Counted => ({ called, failed })),
    );
    writer.value(told as unknown as Json);
  }

  /** `takes`: only one engine part goes on counting what was counted. */
  restore(reader: ByteReader, takes: boolean): void {
    const guards = reader.value() as unknown as Counted[][];
    if (!takes) return;
    guards.forEach((counts, i) => {
      counts.forEach(({ called, failed }, clause) => {
        const count = this.guards[i]!.counts[clause]!;
        count.add(called);
        count.failed += failed;
      });
    });
  }
}

/** CPU time that the rule has used within the last minute. */
function usedMs({ costs, cpuMs }: RuleGuard, nowMs: number): number {
  if (costs.length === 0 || nowMs - costs.at(-1)!.nowMs >= SHARE_STEP_MS)
    costs.push({ nowMs, cpuMs });
  while (costs.length > 1 && costs[1]!.nowMs <= nowMs - SHARE_WINDOW_MS) costs.shift();
  return cpuMs - costs[0]!.cpuMs;
}

/** Times some calls of one clause of one rule, and estimates the others from them. */
class CallMeter {
  readonly #guard: RuleGuard;
  readonly #count: ClauseCalls;
  readonly #now: () => number;
  readonly #cpuNow: () => number;
  #exact = EXACT_CALLS;
  /** Calls that were made when one was timed last. */
  #timedAt = 0;
  #beganAt = 0;

  constructor({ now, cpuNow }: Host, guard: RuleGuard, count: ClauseCalls) {
    this.#guard = guard;
    this.#count = count;
    this.#now = now!;
    this.#cpuNow = cpuNow ?? now!;
  }

  begins(): void {
    this.#beganAt = this.#exact > 0 ? this.#cpuNow() : this.#now();
  }

  /** Gives how many calls may go by until the next one is timed. */
  ends(): number {
    const { called } = this.#count;
    const calls = called - this.#timedAt;
    this.#timedAt = called;
    if (this.#exact > 0) {
      this.#guard.cpuMs += this.#cpuNow() - this.#beganAt;
      return --this.#exact > 0 ? 0 : SAMPLE_EVERY - 1;
    }
    const tookMs = this.#now() - this.#beganAt;
    this.#guard.cpuMs += tookMs > SLOW_MS ? tookMs : tookMs * calls;
    if (tookMs <= SLOW_MS) return SAMPLE_EVERY - 1;
    // A slow one stands for itself alone: perhaps only the machine was busy.
    this.#exact = EXACT_CALLS;
    return 0;
  }
}

/** Later values win. */
function callLimitsOf(...values: readonly LimitValues[]): CallLimits {
  const { cpuShare: _cpuShare, ...limits }: LimitValues = Object.assign({}, ...values);
  return Object.freeze({ ...defaultCallLimits, ...limits });
}
