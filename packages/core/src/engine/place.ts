import { KEY_GROUPS, type PartPlace } from '../frames.ts';

/** A part of the engine that something is for. */
export interface Target {
  readonly stage: number;
  readonly part: number;
}

/** Where this part of the engine stands among the others, and where all that is not for it belongs. */
export class Place {
  readonly from: number;
  readonly to: number;
  readonly part: number;
  readonly #stage: number;
  readonly #stages: readonly (readonly number[])[];

  constructor(from: number, to: number, place: PartPlace | undefined) {
    if (place === undefined && (from !== 0 || to !== KEY_GROUPS))
      throw new Error('a part that does not own all key groups must be told its place');
    this.from = from;
    this.to = to;
    this.part = place?.part ?? 0;
    this.#stage = place?.stage ?? 0;
    this.#stages = place?.stages ?? [[0, KEY_GROUPS]];
  }

  /** Nobody else is there. */
  get isAlone(): boolean {
    return this.#hasOneStage && this.from === 0 && this.to === KEY_GROUPS;
  }

  /** It reads sources. */
  get isMatching(): boolean {
    return this.#hasOneStage || this.#stage < 0;
  }

  /** Others may have to hear of what it knows. */
  get isHeard(): boolean {
    return this.#hasOneStage ? !this.isAlone : this.#stage < this.#stages.length - 1;
  }

  get #hasOneStage(): boolean {
    return this.#stages.length === 1;
  }

  /** Windows of rules of this level are held here, for the key groups that it owns. */
  serves(level: number): boolean {
    return this.#hasOneStage || (this.#stage === level && level < this.#stages.length - 1);
  }

  /** Rows of this level and key group are for this part. */
  owns(level: number, keyGroup: number): boolean {
    return this.serves(level) && keyGroup >= this.from && keyGroup < this.to;
  }

  ownsAlerts(keyGroup: number): boolean {
    const isOfAlerts = this.#hasOneStage || this.#stage === this.#stages.length - 1;
    return isOfAlerts && keyGroup >= this.from && keyGroup < this.to;
  }

  /** Throws Error if there is no such stage. */
  ofRow(level: number, keyGroup: number): Target {
    return this.#target(this.#hasOneStage ? 0 : level, keyGroup);
  }

  ofAlert(keyGroup: number): Target {
    return this.#target(this.#stages.length - 1, keyGroup);
  }

  /** The greatest number of levels that can be served. */
  get levelsMax(): number {
    return this.#hasOneStage ? Infinity : this.#stages.length - 1;
  }

  #target(stage: number, keyGroup: number): Target {
    const bounds = this.#stages[stage]!;
    let part = 0;
    while (bounds[part + 1]! <= keyGroup) part++;
    return { stage, part };
  }
}
