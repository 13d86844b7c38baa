import type {
  AllDetectPlan,
  JoinDetectPlan,
  MatchCodePlan,
  MatchColumnPlan,
  PartsPlan,
  PartTestPlan,
  SequenceDetectPlan,
  SkipPlan,
  StepFacts,
} from '../plan/match-plan.ts';
import type { KeyPlan } from '../plan/plan.ts';
import { compileCode } from './code/compile-code.ts';
import type { CodeProblem } from './code/code-problem.ts';
import type {
  AllSyntax,
  Code,
  JoinSyntax,
  KeySyntax,
  RuleSyntax,
  SequenceItem,
  SequenceSyntax,
  SideSyntax,
  SourceSyntax,
  StepSyntax,
  AbsentSyntax,
} from './epl/syntax.ts';
import { automatonOf, POSITIONS_MAX, TooManyPositions } from './sequence/automaton.ts';

/** Bits that fit into one whole number, with some room. */
export const TESTS_MAX = 30;
const ALL_MAX_MS = 86_400_000;

interface Choice {
  readonly name: string;
  readonly keys: readonly KeySyntax[] | null;
  readonly sources: readonly SourceSyntax[];
  readonly filter: Code | null;
}

/** Makes plans of rules with parts: SEQUENCE, ALL, JOIN. Problems are pushed into `problems`. */
export class PartsLowering {
  readonly #problems: CodeProblem[];
  readonly #keyOf: (key: KeySyntax) => KeyPlan;
  readonly #own: readonly KeySyntax[] | null;
  readonly #keyLists: (readonly KeyPlan[])[] = [];
  readonly #keyTexts: string[] = [];
  readonly #tests: PartTestPlan[] = [];
  readonly #testTexts: string[] = [];
  readonly #columns: MatchColumnPlan[] = [{ kind: 'bits' }];
  #steps = new Map<string, 'event' | 'events'>();
  #isStrict = false;

  constructor(
    keys: readonly KeySyntax[] | null,
    keyOf: (key: KeySyntax) => KeyPlan,
    problems: CodeProblem[],
  ) {
    this.#own = keys;
    this.#keyOf = keyOf;
    this.#problems = problems;
    this.#keyList(null);
  }

  sequence(rule: RuleSyntax, sequence: SequenceSyntax): SequenceDetectPlan {
    const { items, withinMs, cancel, having } = sequence;
    const steps = stepsOf(items, false);
    this.#steps = new Map(steps.map(({ name, isList }) => [name, isList ? 'events' : 'event']));
    const numbers = new Map(steps.map(({ name }, i) => [name, i]));
    const untilKeys = keysOfUntils(items);
    const cancelTest =
      cancel === null ? null : this.#test({ ...NO_CHOICE, name: 'CANCEL', filter: cancel });
    let automaton: SequenceDetectPlan['automaton'];
    try {
      automaton = automatonOf(items, {
        of: (item) => this.#test(item),
        until: (item) =>
          this.#test({
            ...NO_CHOICE,
            name: `UNTIL of ${item.name}`,
            keys: untilKeys.get(item) ?? null,
            filter: item.loop!.until,
          }),
        cancel: cancelTest,
        step: ({ name }) => numbers.get(name)!,
      });
    } catch (error) {
      if (!(error instanceof TooManyPositions)) throw error;
      this.#problems.push({
        code: 'E211',
        message: `this sequence has more than ${POSITIONS_MAX} positions: TIMES n is n of them`,
        span: sequence.span,
        try: 'count events with AGGREGATE BY … HAVING count() >= n, and let a sequence read its results',
      });
      automaton = NO_AUTOMATON;
    }
    this.#isStrict = isStrict(items);
    return {
      kind: 'sequence',
      ...this.#parts(rule, sequence.span),
      withinMs,
      steps,
      automaton,
      skip: skipOf(sequence, numbers),
      having: having && this.#code(having, 'match'),
      columns: this.#columns,
    };
  }

  all(rule: RuleSyntax, { span, items, withinMs, having }: AllSyntax): AllDetectPlan {
    const steps = items.filter((item): item is StepSyntax => item.kind === 'step');
    const absents = items.filter((item): item is AbsentSyntax => item.kind === 'absent');
    this.#steps = new Map(
      steps.map(({ name, loop }) => [name, (loop?.least ?? 1) > 1 ? 'events' : 'event']),
    );
    const plan = {
      steps: steps.map((step) => ({
        name: step.name,
        test: this.#test(step),
        times: step.loop?.least ?? 1,
      })),
      absents: absents.map((absent) => ({ name: absent.name, test: this.#test(absent) })),
      having: having && this.#code(having, 'match'),
    };
    return {
      kind: 'all',
      ...this.#parts(rule, span),
      withinMs,
      maxMs: ALL_MAX_MS,
      ...plan,
      columns: this.#columns,
    };
  }

  join(rule: RuleSyntax, { span, between, sides, keep, having }: JoinSyntax): JoinDetectPlan {
    const [lowMs, highMs] =
      between.kind === 'within'
        ? [1 - between.withinMs, between.withinMs - 1]
        : [between.lowMs, between.highMs];
    // Sides have bits of their own, also where their conditions are the same.
    sides.forEach((side) => this.#newTest(side));
    const isKept = (side: SideSyntax): boolean => keep.some((one) => one.side === side.name);
    const pair = having && this.#code(having, 'pair');
    return {
      kind: 'join',
      ...this.#parts(rule, span),
      lowMs,
      highMs,
      sides: [sides[0].name, sides[1].name],
      unmatched: [isKept(sides[0]), isKept(sides[1])],
      pairs: !keep.some(({ only }) => only),
      having: pair,
      columns: this.#columns,
    };
  }

  #parts(
    rule: RuleSyntax,
    span: CodeProblem['span'],
  ): PartsPlan & { readonly keys: readonly KeyPlan[] } {
    if (this.#tests.length > TESTS_MAX)
      this.#problems.push({
        code: 'E212',
        message: `these are ${this.#tests.length} conditions; ${TESTS_MAX} are the limit`,
        span,
        try: 'make two rules; a rule may read the results of another',
      });
    return {
      keys: this.#keyLists[0]!,
      keyLists: this.#keyLists,
      tests: this.#tests,
      columns: this.#columns,
      hasInput: hasInput(rule),
      isStrict: this.#isStrict,
    };
  }

  #keyList(keys: readonly KeySyntax[] | null): number {
    const plans = (keys ?? this.#own ?? []).map((key) => this.#keyOf(key));
    const text = JSON.stringify(plans.map(({ value, each }) => ({ value, each })));
    const known = this.#keyTexts.indexOf(text);
    if (known >= 0) return known;
    this.#keyTexts.push(text);
    return this.#keyLists.push(plans) - 1;
  }

  /** The number of a condition; equal conditions have one. */
  #test(choice: Choice): number {
    const plan = this.#testPlan(choice);
    const { name: _name, ...meaning } = plan;
    const text = JSON.stringify(meaning);
    const known = this.#testTexts.indexOf(text);
    if (known >= 0) return known;
    this.#testTexts.push(text);
    return this.#tests.push(plan) - 1;
  }

  #newTest(choice: Choice): void {
    this.#tests.push(this.#testPlan(choice));
    this.#testTexts.push('');
  }

  #testPlan({ name, keys, sources, filter }: Choice): PartTestPlan {
    const base = {
      name,
      keyList: this.#keyList(keys),
      sources: sources.map(({ field, values }) => ({ path: field.path, values })),
    };
    const always = { ...base, filter: null, withMatch: null };
    if (filter === null) return always;
    const asEvent =
      filter.names === 'function' && 'params' in filter.tree && filter.tree.params.length > 1
        ? null
        : compileCode(filter, 'event');
    if (asEvent !== null) {
      this.#problems.push(...asEvent.problems.filter((one) => !this.#isKnown(one)));
      return { ...base, filter: asEvent.compiled?.plan ?? null, withMatch: null };
    }
    const { compiled, problems } = compileCode(filter, 'step', this.#steps);
    this.#problems.push(...problems.filter((one) => !this.#isKnown(one)));
    if (compiled === null) return always;
    if (compiled.readsMatch)
      return { ...base, filter: null, withMatch: this.#reads(compiled.plan) };
    // A second parameter that is never read: then the condition is one of the event alone.
    const params = (filter.tree as { params: readonly unknown[] }).params.slice(0, 1);
    const alone = { ...filter, tree: { ...filter.tree, params } as Code['tree'] };
    return { ...base, filter: compileCode(alone, 'event').compiled?.plan ?? null, withMatch: null };
  }

  #isKnown({ code, span }: CodeProblem): boolean {
    return this.#problems.some(
      (one) => one.code === code && one.span.start === span.start && one.span.end === span.end,
    );
  }

  #code(code: Code, role: 'match' | 'pair'): MatchCodePlan | null {
    const { compiled, problems } = compileCode(code, role, this.#steps);
    this.#problems.push(...problems);
    return compiled && this.#reads(compiled.plan);
  }

  #reads(code: MatchCodePlan['code']): MatchCodePlan {
    const whole = code.readsWhole ? this.#column({ kind: 'whole' }) : null;
    return { code, reads: code.paths.map((path) => whole ?? this.#column({ kind: 'path', path })) };
  }

  #column(column: MatchColumnPlan): number {
    const text = JSON.stringify(column);
    const known = this.#columns.findIndex((one) => JSON.stringify(one) === text);
    return known >= 0 ? known : this.#columns.push(column) - 1;
  }
}

const NO_CHOICE: Choice = { name: '', keys: null, sources: [], filter: null };

const NO_AUTOMATON: SequenceDetectPlan['automaton'] = {
  positions: [],
  edges: [],
  starts: [],
  absents: [],
  cancel: null,
  eventsMin: 1,
  lookbackMs: 0,
};

/** Does the rule itself say what its input is? */
export const hasInput = ({ sources, filter, iocs }: RuleSyntax): boolean =>
  sources.length > 0 || filter !== null || iocs !== null;

function skipOf({ skip }: SequenceSyntax, numbers: ReadonlyMap<string, number>): SkipPlan {
  if (!('step' in skip)) return skip;
  return { kind: skip.kind, step: numbers.get(skip.step) ?? -1 };
}

function stepsOf(items: readonly SequenceItem[], isRepeated: boolean): StepFacts[] {
  return items.flatMap((item): StepFacts[] => {
    if (item.kind === 'absent') return [];
    const isList = isRepeated || (item.loop !== null && item.loop.most !== 1);
    return item.kind === 'group' ? stepsOf(item.items, isList) : [{ name: item.name, isList }];
  });
}

/** Does anything ask what the very next event is? */
export function isStrict(items: readonly SequenceItem[]): boolean {
  return items.some((item) => {
    if (item.kind === 'absent') return item.isNext;
    if (item.loop?.inner === 'next') return true;
    return item.kind === 'group' ? isStrict(item.items) : item.contiguity === 'next';
  });
}

/** UNTIL sees what its step sees; that of a group what the rule sees. */
function keysOfUntils(
  items: readonly SequenceItem[],
): Map<SequenceItem, readonly KeySyntax[] | null> {
  const found = new Map<SequenceItem, readonly KeySyntax[] | null>();
  for (const item of items) {
    if (item.kind === 'step') found.set(item, item.keys);
    else if (item.kind === 'group')
      for (const [inner, keys] of keysOfUntils(item.items)) found.set(inner, keys);
  }
  return found;
}
