import type { RuleCounts } from '@weir/core';

export interface FairnessOptions {
  /** Deferred is who takes more of the processor than this part; null: whoever is dearest, once the run falls behind. */
  readonly share: number | null;
}

/** What a run has cost up to now. */
export interface Cost {
  readonly now: number;
  /** How long the engine had something to do, ms. */
  readonly busyMs: number;
  readonly rules: readonly RuleCounts[];
}

export interface Deferral {
  readonly rule: string;
  /** Its part of one processor while it was looked at. */
  readonly share: number;
}

/** How long is looked before something is judged. */
const WINDOW_MS = 500;
/** A burst is no falling behind: the engine has been short of time in so many looks one after another. */
const LOOKS = 2;
/** An engine that has to work for so much of the time falls behind at the next burst, if it has not already. */
const BEHIND = 0.75;
/** Deferring a rule that takes less of what all rules take, or of a processor, does not help the others. */
const PART_MIN = 0.4;
const SHARE_MIN = 0.25;
/** A lane is a process: more of them would take the time that they are to give. */
const DEFERRED_MAX = 2;

/** Says which rule is to stand back so that the others keep up: the dearest first, one at a time. */
export class Fairness {
  readonly #share: number | null;
  #before: Cost | null = null;
  #behind = 0;
  #deferred = 0;

  constructor({ share }: FairnessOptions) {
    this.#share = share;
  }

  /** Call it often; it looks twice a second. */
  next(cost: Cost): Deferral | null {
    const before = this.#before;
    if (before !== null && cost.now - before.now < WINDOW_MS) return null;
    this.#before = cost;
    if (before === null || this.#deferred >= DEFERRED_MAX) return null;
    const tookMs = cost.now - before.now;
    const isBusy = (cost.busyMs - before.busyMs) / tookMs >= BEHIND;
    this.#behind = isBusy ? this.#behind + 1 : 0;
    if (this.#share === null && this.#behind < LOOKS) return null;
    const dearest = dearestOf(before.rules, cost.rules);
    if (dearest === null || dearest.cpuMs / tookMs < (this.#share ?? SHARE_MIN)) return null;
    if (this.#share === null && dearest.part < PART_MIN) return null;
    this.#deferred++;
    this.#behind = 0;
    return { rule: dearest.rule, share: dearest.cpuMs / tookMs };
  }
}

/** null: no rule cost anything, or there is no other that would gain. */
function dearestOf(
  before: readonly RuleCounts[],
  now: readonly RuleCounts[],
): { readonly rule: string; readonly cpuMs: number; readonly part: number } | null {
  const since = new Map(before.map(({ rule, cpuMs }) => [rule, cpuMs]));
  const costs = now
    .filter(({ parked }) => !parked)
    // An engine that was started again counts from nothing.
    .map(({ rule, cpuMs }) => ({ rule, cpuMs: Math.max(0, cpuMs - (since.get(rule) ?? 0)) }));
  if (costs.length < 2) return null;
  const all = costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  const dearest = costs.reduce((most, one) => (one.cpuMs > most.cpuMs ? one : most));
  return { ...dearest, part: all === 0 ? 0 : dearest.cpuMs / all };
}
