import type { EventView } from '../../formats/event-view.ts';
import { keyTextOf } from '../../plan/key-text.ts';
import type { ClassPlan, LogSourcePlan } from '../../plan/view-plan.ts';

/** What kind of event one is: the classes of a view that hold for it, put together. */
export interface EventClass {
  readonly product: string | null;
  readonly service: string | null;
  readonly categories: readonly string[];
  /** By slot: the slot whose value is read in its place where the slot has none; -1: no other. */
  readonly aliases: Int32Array | null;
}

const NOTHING_EMPTY: ReadonlySet<string> = new Set();
/** Kinds of events are few; where a field that decides them has ever new values they are not remembered. */
const KNOWN_MAX = 10_000;

/** Finds the class of each event of a source. Kinds that were met are remembered by the fields that decide them. */
export class EventClasses {
  readonly #classes: readonly ClassPlan[];
  readonly #fixed: LogSourcePlan;
  /** Fields that decide: slot, and those texts of it that make a difference. */
  readonly #tests: readonly { readonly slot: number; readonly texts: ReadonlySet<string> }[];
  readonly #slotOf: (path: readonly string[]) => number;
  readonly #known = new Map<string, EventClass>();

  constructor(
    classes: readonly ClassPlan[],
    fixed: LogSourcePlan,
    slotOf: (path: readonly string[]) => number,
  ) {
    this.#classes = classes;
    this.#fixed = fixed;
    this.#slotOf = slotOf;
    const texts = new Map<number, Set<string>>();
    for (const { path, values } of classes.flatMap(({ when }) => when)) {
      const slot = slotOf(path);
      const known = texts.get(slot) ?? new Set();
      for (const value of values ?? []) known.add(value.toLowerCase());
      texts.set(slot, known);
    }
    for (const { names } of classes)
      for (const [name, path] of Object.entries(names)) {
        slotOf(name.split('.'));
        slotOf(path);
      }
    this.#tests = [...texts].map(([slot, values]) => ({ slot, texts: values }));
  }

  of(event: EventView): EventClass {
    let name = '';
    for (const { slot, texts } of this.#tests) {
      const text = keyTextOf(event.get(slot), NOTHING_EMPTY)?.toLowerCase();
      // Of other texts it matters only that they are there.
      name += text === undefined ? '\n' : texts.has(text) ? `=${text}\n` : '*\n';
    }
    let found = this.#known.get(name);
    if (found === undefined) {
      found = this.#find(event);
      if (this.#known.size < KNOWN_MAX) this.#known.set(name, found);
    }
    return found;
  }

  #find(event: EventView): EventClass {
    const holding = this.#classes.filter(({ when }) =>
      when.every(({ path, values }) => {
        const text = keyTextOf(event.get(this.#slotOf(path)), NOTHING_EMPTY)?.toLowerCase();
        return (
          text !== undefined &&
          (values === null || values.some((value) => value.toLowerCase() === text))
        );
      }),
    );
    const first = (part: 'product' | 'service'): string | null =>
      this.#fixed[part] ?? holding.find((one) => one[part] !== null)?.[part] ?? null;
    const categories = holding.flatMap(({ category }) => category ?? []);
    return {
      product: first('product'),
      service: first('service'),
      categories: this.#fixed.category === null ? [...new Set(categories)] : [this.#fixed.category],
      aliases: this.#aliasesOf(holding),
    };
  }

  #aliasesOf(holding: readonly ClassPlan[]): Int32Array | null {
    const pairs = holding.flatMap(({ names }) =>
      Object.entries(names).map(
        ([name, path]) => [this.#slotOf(name.split('.')), this.#slotOf(path)] as const,
      ),
    );
    if (pairs.length === 0) return null;
    const aliases = new Int32Array(1 + Math.max(...pairs.map(([slot]) => slot))).fill(-1);
    for (const [slot, other] of pairs) if (aliases[slot]! < 0) aliases[slot] = other;
    return aliases;
  }
}
