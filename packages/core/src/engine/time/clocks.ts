import type { Partitions } from './partitions.ts';

/** What decides a clock: which time, which bound, which sources. Rules that agree share the clock. */
export interface ClockFacts {
  /** Index of the time that is used; 0 is the source's own. */
  readonly clockField: number;
  /** Out-of-orderness by source that the clock reads, ms. */
  readonly boundMs: ReadonlyMap<string, number>;
  /** Largest `idleAfter` of these sources, ms. */
  readonly idleAfterMs: number;
}

/** How far the time of some rules has come: the least watermark of the partitions that they can read. */
export class Clock {
  readonly facts: ClockFacts;
  /** -Infinity before all partitions have spoken. Never goes back. */
  value = -Infinity;
  #partitions: number[] = [];
  #version = -1;
  readonly #boundMsMax: number;

  constructor(facts: ClockFacts) {
    this.facts = facts;
    this.#boundMsMax = Math.max(0, ...facts.boundMs.values());
  }

  /** Reads the watermarks anew. */
  advance(partitions: Partitions): void {
    if (this.#version !== partitions.version) this.#chooseFrom(partitions);
    let least = Infinity;
    let open = 0;
    let idle = 0;
    let silentTo = Infinity;
    for (const index of this.#partitions) {
      const standing = partitions.standing(index);
      if (standing === 'ended') continue;
      if (standing === 'idle') {
        idle++;
        silentTo = Math.min(silentTo, partitions.silentTo(index));
        continue;
      }
      open++;
      const bound = this.facts.boundMs.get(partitions.name(index).source)!;
      least = Math.min(least, partitions.highest(index, this.facts.clockField) - bound);
    }
    // Only idle partitions are left: recorded time alone moves the clock, so absence is decided again by a replay.
    if (open === 0 && idle > 0) least = silentTo - this.facts.idleAfterMs - this.#boundMsMax;
    if (open === 0 && idle === 0 && this.#partitions.length === 0) return;
    if (least > this.value) this.value = least;
  }

  #chooseFrom(partitions: Partitions): void {
    this.#partitions = [];
    for (let index = 0; index < partitions.count; index++)
      if (this.facts.boundMs.has(partitions.name(index).source)) this.#partitions.push(index);
    this.#version = partitions.version;
  }
}
