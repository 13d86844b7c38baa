// Promises of this file:
//   C1  No code of a rule runs but through `watch`: within its limits, with a mark that says whose it is.
//   C2  Nothing here changes a result: a clock is only asked to report costs.
import { CODE_CLAUSES, MARK, MARKS, type CodeClause, type Host } from '../../frames.ts';
import {
  arm,
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
const SHARE_WINDOW_MS = 60_000;
const SHARE_STEP_MS = 1000;

/** Constants, since V8 would read the fields of an object anew for every call. */
const { call: CALL, rule: RULE, clause: CLAUSE, record: RECORD } = MARK;

const NO_LIMITS: LimitsPlan = { all: {}, tenants: [], rules: [] };

interface ClauseCount {
  called: number;
  failed: number;
}

/** What the engine knows of one version of a rule besides its code: whether it runs, and what it has cost. */
export class RuleGuard {
  readonly index: number;
  readonly id: string;
  readonly cpuShare: number | null;
  /** Why it sees no event; null: it does. */
  parked: ParkReason | null = null;
  cpuMs = 0;
  /** By index in CODE_CLAUSES. */
  readonly counts: ClauseCount[] = CODE_CLAUSES.map(() => ({ called: 0, failed: 0 }));
  /** What it had cost at times within the last minute, oldest first. */
  readonly costs: { readonly nowMs: number; readonly cpuMs: number }[] = [];

  constructor(index: number, id: string, cpuShare: number | null) {
    this.index = index;
    this.id = id;
    this.cpuShare = cpuShare;
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

/** All calls of rule code of an engine. */
export class RuleCalls {
  readonly guards: RuleGuard[] = [];
  readonly marks: Int32Array;
  /** Calls are announced to the host. */
  isProbing = false;
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
    this.marks[RULE] = -1;
    this.marks[RECORD] = -1;
    useClock(host.cpuNow ?? null);
    for (const { name } of plan.tenants) this.#ofTenants.set(name, []);
    this.#ofTenants.set('', this.#limits);
  }

  set onBroken(broken: OnBroken) {
    this.#broken = broken;
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
   * `noMatch`.
   */
  watch<Code extends (first: never, second: never) => unknown>(
    guard: RuleGuard,
    ofClause: CodeClause,
    code: Code,
  ): Code {
    const run = code as unknown as (first: unknown, second: unknown) => unknown;
    const { marks } = this;
    const { index } = guard;
    const clause = CODE_CLAUSES.indexOf(ofClause);
    const count = guard.counts[clause]!;
    const meter = this.#host.now === undefined ? null : new CallMeter(this.#host, guard);
    const ends = (isTimed: boolean): void => {
      marks[RULE] = -1;
      if (this.isProbing) this.#host.probe?.();
      if (isTimed) meter?.ends();
    };
    const watched: typeof run = (first, second) => {
      if (guard.parked !== null) throw noMatch;
      count.called++;
      arm(this.#limits[index]!);
      marks[CLAUSE] = clause;
      marks[CALL]!++;
      marks[RULE] = index;
      if (this.isProbing) this.#host.probe?.();
      const isTimed = meter !== null && meter.begins();
      let value: unknown;
      try {
        value = run(first, second);
      } catch (error) {
        ends(isTimed);
        throw this.#thrown(guard, ofClause, error);
      }
      // Written out: most calls are short, and pay for each call of a function.
      marks[RULE] = -1;
      if (isTimed || this.isProbing) ends(isTimed);
      return value;
    };
    return watched as unknown as Code;
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
    writer.value(this.guards.map(({ counts }) => counts) as unknown as Json);
  }

  /** `takes`: only one engine part goes on counting what was counted. */
  restore(reader: ByteReader, takes: boolean): void {
    const guards = reader.value() as unknown as ClauseCount[][];
    if (!takes) return;
    guards.forEach((counts, i) => {
      counts.forEach(({ called, failed }, clause) => {
        const count = this.guards[i]!.counts[clause]!;
        count.called += called;
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
  readonly #now: () => number;
  readonly #cpuNow: () => number;
  #exact = EXACT_CALLS;
  #untimed = 0;
  #beganAt = 0;

  constructor({ now, cpuNow }: Host, guard: RuleGuard) {
    this.#guard = guard;
    this.#now = now!;
    this.#cpuNow = cpuNow ?? now!;
  }

  /** Is the call at hand one that is timed? */
  begins(): boolean {
    if (this.#exact === 0 && ++this.#untimed < SAMPLE_EVERY) return false;
    this.#beganAt = this.#exact > 0 ? this.#cpuNow() : this.#now();
    return true;
  }

  ends(): void {
    if (this.#exact > 0) {
      this.#exact--;
      this.#guard.cpuMs += this.#cpuNow() - this.#beganAt;
      return;
    }
    const tookMs = this.#now() - this.#beganAt;
    // A slow one stands for itself alone: perhaps only the machine was busy.
    if (tookMs > SLOW_MS) this.#exact = EXACT_CALLS;
    this.#guard.cpuMs += tookMs > SLOW_MS ? tookMs : tookMs * this.#untimed;
    this.#untimed = 0;
  }
}

/** Later values win. */
function callLimitsOf(...values: readonly LimitValues[]): CallLimits {
  const { cpuShare: _cpuShare, ...limits }: LimitValues = Object.assign({}, ...values);
  return Object.freeze({ ...defaultCallLimits, ...limits });
}
