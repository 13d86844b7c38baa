/**
 * How events of one kind are read, whatever exported them: where their fields lie, by which other names, and what kind
 * of event each is. A view only adds: a field that the event has under the name that is asked is read as it is.
 */
import type { Path } from './json.ts';

export interface ViewPlan {
  readonly name: string;
  /** Objects whose fields read as if they lay on top, in this order. */
  readonly within: readonly Path[];
  /** Other names of a field, by its name with dots, in this order; before `within`. */
  readonly names: Readonly<Record<string, readonly Path[]>>;
  /** Names are the same if they differ in letter case or blanks only; the exact one is taken first. */
  readonly isFolded: boolean;
  /** Every class whose tests hold adds what it gives; of product and service the first holds. */
  readonly classes: readonly ClassPlan[];
}

export interface ClassPlan {
  /** All must hold. Texts are compared without letter case; null: the field is there. */
  readonly when: readonly { readonly path: Path; readonly values: readonly string[] | null }[];
  readonly product: string | null;
  readonly service: string | null;
  readonly category: string | null;
  /** Names of fields that hold in this class only, asked last. */
  readonly names: Readonly<Record<string, Path>>;
}

/** What an event is, for rules that name a log source: `$product`, `$service` and `$category` (a list). */
export interface LogSourcePlan {
  readonly product: string | null;
  readonly service: string | null;
  readonly category: string | null;
}

/** The name without letter case and blanks. */
export const foldedName = (name: string): string => name.toLowerCase().replaceAll(' ', '');
