import type {
  AbsentPlan,
  AutomatonPlan,
  BarPlan,
  EdgePlan,
  PositionPlan,
  UntilPlan,
} from '../../plan/match-plan.ts';
import type {
  AbsentSyntax,
  Contiguity,
  GroupSyntax,
  SequenceItem,
  StepSyntax,
} from '../epl/syntax.ts';

/** What the automaton needs to know of conditions: their numbers. */
export interface TestNumbers {
  /** Of the FILTER of a step or an absence. */
  of(item: StepSyntax | AbsentSyntax): number;
  until(item: StepSyntax | GroupSyntax): number;
  readonly cancel: number | null;
  /** Number of a step in the order of the rule. */
  step(item: StepSyntax): number;
}

/** A sequence has at most so many positions: TIMES n is n of them. */
export const POSITIONS_MAX = 2000;

export class TooManyPositions extends Error {}

/** One item of a list, and how often it was gone through before (never counted further than it matters). */
interface Frame {
  readonly index: number;
  readonly done: number;
}

type Repeated = StepSyntax | GroupSyntax;

/** What holds until the next event is taken. */
interface Pending {
  readonly absents: readonly AbsentSyntax[];
  readonly bars: readonly { readonly item: Repeated; readonly hasBegun: boolean }[];
  readonly untils: readonly { readonly item: Repeated; readonly hasBegun: boolean }[];
  readonly entry: Contiguity | null;
}

const NOTHING_PENDING: Pending = { absents: [], bars: [], untils: [], entry: null };

/** Builds the automaton of a sequence. Throws TooManyPositions. */
export function automatonOf(items: readonly SequenceItem[], tests: TestNumbers): AutomatonPlan {
  return new Builder(items, tests).build();
}

class Builder {
  readonly #items: readonly SequenceItem[];
  readonly #tests: TestNumbers;
  readonly #numbers = new Map<string, number>();
  readonly #paths: (readonly Frame[])[] = [];
  readonly #positions: PositionPlan[] = [];
  readonly #edges: EdgePlan[] = [];
  readonly #edgeNumbers = new Map<string, number>();
  readonly #absents: AbsentPlan[] = [];
  readonly #absentItems: AbsentSyntax[] = [];
  /** What was found from the position at hand. */
  #found: number[] = [];
  #accepts: (readonly number[])[] = [];

  constructor(items: readonly SequenceItem[], tests: TestNumbers) {
    this.#items = items;
    this.#tests = tests;
  }

  build(): AutomatonPlan {
    this.#follow(this.#items, 0, [], NOTHING_PENDING, () => {});
    const starts = this.#found;
    for (let i = 0; i < this.#paths.length; i++) {
      [this.#found, this.#accepts] = [[], []];
      const path = this.#paths[i]!;
      this.#goOn(path, path.length - 1, {
        ...NOTHING_PENDING,
        untils: this.#around(path).map((item) => ({ item, hasBegun: true })),
      });
      const step = this.#tests.step(this.#at(path) as StepSyntax);
      this.#positions.push({ step, edges: this.#found, accepts: this.#accepts });
    }
    const leading = starts.flatMap((edge) => this.#edges[edge]!.absents);
    return {
      positions: this.#positions,
      edges: this.#edges,
      starts,
      absents: this.#absents,
      cancel: this.#tests.cancel,
      eventsMin: leastEvents(this.#items),
      lookbackMs: Math.max(0, ...leading.map((absent) => this.#absents[absent]!.withinMs ?? 0)),
    };
  }

  #at(path: readonly Frame[]): SequenceItem {
    let list = this.#items;
    let item: SequenceItem | undefined;
    for (const { index } of path) {
      item = list[index]!;
      if (item.kind === 'group') list = item.items;
    }
    return item!;
  }

  #listOf(path: readonly Frame[]): readonly SequenceItem[] {
    return path.length === 1 ? this.#items : (this.#at(path.slice(0, -1)) as GroupSyntax).items;
  }

  /** Loops with UNTIL that the path is in. */
  #around(path: readonly Frame[]): Repeated[] {
    return path
      .map((_, i) => this.#at(path.slice(0, i + 1)) as Repeated)
      .filter(({ loop }) => loop?.until);
  }

  /** Items from `index` on, until one takes an event; `end`: the list was gone through without. */
  #follow(
    list: readonly SequenceItem[],
    index: number,
    outer: readonly Frame[],
    pending: Pending,
    end: (pending: Pending) => void,
  ): void {
    const item = list[index];
    if (item === undefined) return end(pending);
    const rest = (after: Pending): void => this.#follow(list, index + 1, outer, after, end);
    if (item.kind === 'absent') return rest({ ...pending, absents: [...pending.absents, item] });
    // Left out, a step leaves no trace, but for a greedy one: what it could take may not be passed.
    if (item.isOptional) rest(item.loop?.isGreedy ? barred(item, pending, false) : pending);
    this.#enter(item, [...outer, { index, done: 0 }], pending);
  }

  #enter(item: Repeated, path: readonly Frame[], pending: Pending): void {
    const hasBegun = path.at(-1)!.done > 0;
    const untils = pending.untils.filter((until) => until.item !== item);
    const inside: Pending = {
      ...pending,
      untils: item.loop?.until ? [...untils, { item, hasBegun }] : pending.untils,
      entry: hasBegun ? item.loop!.inner : pending.entry,
    };
    if (item.kind === 'step') this.#addEdge(item, path, inside);
    // Once through a group without an event is not through it.
    else this.#follow(item.items, 0, path, inside, () => {});
  }

  /** After an event: the item at `level` of the path has been gone through once more. */
  #goOn(path: readonly Frame[], level: number, pending: Pending): void {
    const here = path.slice(0, level + 1);
    const item = this.#at(here) as Repeated;
    const { done, index } = here.at(-1)!;
    const least = item.loop?.least ?? 1;
    const most = item.loop === null ? 1 : (item.loop.most ?? Infinity);
    const outer = here.slice(0, -1);
    if (done + 1 >= least) {
      const untils = pending.untils.filter((until) => until.item !== item);
      const left = { ...pending, untils, entry: null };
      const isBarred = item.loop?.isGreedy && done + 1 < most;
      this.#follow(
        this.#listOf(here),
        index + 1,
        outer,
        isBarred ? barred(item, left, true) : left,
        (after) => (level === 0 ? this.#accept(after) : this.#goOn(path, level - 1, after)),
      );
    }
    // Beyond the least number of times an open loop is always in one position.
    if (done + 1 < most)
      this.#enter(
        item,
        [...outer, { index, done: most === Infinity ? Math.min(done + 1, least) : done + 1 }],
        pending,
      );
  }

  #accept({ absents }: Pending): void {
    const numbers = absents.map((absent) => this.#absent(absent));
    if (!this.#accepts.some((one) => JSON.stringify(one) === JSON.stringify(numbers)))
      this.#accepts.push(numbers);
  }

  #absent(item: AbsentSyntax): number {
    const known = this.#absentItems.indexOf(item);
    if (known >= 0) return known;
    this.#absentItems.push(item);
    const { name, isNext, withinMs } = item;
    return this.#absents.push({ name, test: this.#tests.of(item), isNext, withinMs }) - 1;
  }

  #addEdge(item: StepSyntax, path: readonly Frame[], pending: Pending): void {
    const edge: EdgePlan = {
      to: this.#position(path),
      test: this.#tests.of(item),
      contiguity: pending.entry ?? item.contiguity,
      withinMs: item.withinMs,
      absents: pending.absents.map((absent) => this.#absent(absent)),
      bars: pending.bars.map(({ item: loop, hasBegun }) => this.#bar(loop, hasBegun)),
      untils: pending.untils.map(({ item: loop, hasBegun }): UntilPlan => ({
        test: this.#tests.until(loop),
        hasBegun,
      })),
    };
    const text = JSON.stringify(edge);
    let number = this.#edgeNumbers.get(text);
    if (number === undefined) {
      number = this.#edges.push(edge) - 1;
      this.#edgeNumbers.set(text, number);
    }
    if (!this.#found.includes(number)) this.#found.push(number);
  }

  #bar(item: Repeated, hasBegun: boolean): BarPlan {
    const first = firstStep(item);
    const until = item.loop?.until ? this.#tests.until(item) : null;
    const contiguity = contiguityOf(item);
    return {
      test: first === null ? null : this.#tests.of(first),
      exceptTest: first?.loop?.until ? this.#tests.until(first) : null,
      isNext: (hasBegun ? item.loop!.inner : contiguity) === 'next',
      until,
      untilAlso: hasBegun || item.kind !== 'step' ? null : this.#tests.of(item),
      canEnd: hasBegun || (contiguity !== 'any' && item.kind === 'step'),
    };
  }

  #position(path: readonly Frame[]): number {
    const name = JSON.stringify(path);
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#paths.push(path) - 1;
      if (number >= POSITIONS_MAX) throw new TooManyPositions();
      this.#numbers.set(name, number);
    }
    return number;
  }
}

const barred = (item: Repeated, pending: Pending, hasBegun: boolean): Pending => ({
  ...pending,
  bars: [...pending.bars, { item, hasBegun }],
});

/** The step by which a loop would take an event where it was left; null: it begins with an absence. */
function firstStep(item: SequenceItem): StepSyntax | null {
  if (item.kind === 'group') return firstStep(item.items[0]!);
  return item.kind === 'step' ? item : null;
}

const contiguityOf = (item: SequenceItem): Contiguity =>
  item.kind === 'step'
    ? item.contiguity
    : item.kind === 'group'
      ? contiguityOf(item.items[0]!)
      : 'relaxed';

function leastEvents(items: readonly SequenceItem[]): number {
  return items.reduce((sum, item) => {
    if (item.kind === 'absent' || item.isOptional) return sum;
    const least = item.loop?.least ?? 1;
    return sum + least * (item.kind === 'group' ? Math.max(1, leastEvents(item.items)) : 1);
  }, 0);
}
