import type { Path } from './json.ts';
import type { CodePlan, ColumnPlan, RulePlan, SourceTest } from './plan.ts';
import type { MatchColumnPlan } from './match-plan.ts';

const FACTS: ReadonlySet<string> = new Set(['$rule', '$tag', '$severity']);

/** Do these tests name results? Only rules that do read them. */
export const namesResults = (tests: readonly SourceTest[]): boolean =>
  tests.some(({ path }) => path.length === 1 && FACTS.has(path[0]!));

/** Can a result of the rule pass the tests, as far as its facts tell? */
function canPass(tests: readonly SourceTest[], { id, name, facts }: RulePlan): boolean {
  return tests.every(({ path, values }) => {
    if (path.length !== 1) return true;
    const of = {
      $rule: [id, name],
      $tag: facts.tags,
      $severity: facts.severity === null ? [] : [facts.severity],
      $source: [],
      $product: [],
      $service: [],
      $category: [],
    }[path[0]!];
    return of === undefined || of.some((one) => values.includes(one));
  });
}

/** The tests that an event must pass to be wanted: the rule's own, and those of one of its parts. */
export function waysIn(rule: RulePlan): (readonly SourceTest[])[] {
  const { detect, sources } = rule;
  if (detect.kind === 'simple' || detect.kind === 'window') return [sources];
  return [sources, ...detect.tests.map((test) => [...sources, ...test.sources])];
}

/** Does a rule read the results of another? A shadow rule's reach nobody. */
export const readsResultsOf = (rule: RulePlan, other: RulePlan): boolean =>
  other.facts.status === 'enabled' &&
  rule.facts.status !== 'disabled' &&
  (rule.tenants === null ||
    other.tenants === null ||
    rule.tenants.some((tenant) => other.tenants!.includes(tenant))) &&
  waysIn(rule).some((tests) => namesResults(tests) && canPass(tests, other));

/** The levels of rules: one more than the highest whose results a rule reads. A cycle is told as the ids of its rules. */
export function levelsOf(rules: readonly RulePlan[]): {
  levels: number[];
  cycle: readonly number[] | null;
} {
  const reads = rules.map((rule) =>
    rules.flatMap((other, i) => (readsResultsOf(rule, other) ? [i] : [])),
  );
  const levels = rules.map(() => -1);
  let cycle: readonly number[] | null = null;
  const levelOf = (rule: number, above: readonly number[]): number => {
    if (levels[rule]! >= 0) return levels[rule]!;
    if (above.includes(rule)) {
      cycle ??= [...above.slice(above.indexOf(rule)), rule];
      return 0;
    }
    const below = reads[rule]!.map((other) => levelOf(other, [...above, rule]) + 1);
    return (levels[rule] = Math.max(0, ...below));
  };
  rules.forEach((_, i) => levelOf(i, []));
  return { levels, cycle };
}

/** Facts of a result that are as they are from its beginning, besides its key. */
const STEADY: ReadonlySet<string> = new Set([
  '$rule',
  '$tag',
  '$severity',
  '$at',
  '$tenant',
  '$id',
]);

/**
 * Nothing that the reader reads of a result can change, nor can it be withdrawn, by events behind clock - lateness: then
 * results that are open do not hold the reader's clock.
 */
export function isSteady(reader: RulePlan, rule: RulePlan): boolean {
  const { detect } = rule;
  if (detect.kind === 'simple') return true;
  if (rule.sink !== null) return false;
  if (detect.kind !== 'window' && detect.having !== null) return false;
  if (detect.kind === 'window' && detect.having.kind === 'events') return false;
  if (detect.kind === 'window' && detect.having.kind === 'aggregates') {
    const { early, aggregates } = detect.having;
    if (early === null || aggregates.some(({ fn }) => fn !== 'count' && fn !== 'distinct'))
      return false;
    // Runs begin and end with their events; a cut by MAX begins another.
  }
  const steady = new Set([...STEADY, ...detect.keys.map(({ name }) => name)]);
  const paths = readsOf(reader);
  return paths !== null && paths.every((path) => steady.has(path.join('.')));
}

/** Every path that a rule reads; null: it reads whole events. */
function readsOf(rule: RulePlan): Path[] | null {
  const paths: Path[] = rule.sources.map(({ path }) => path);
  let readsWhole = false;
  const code = (plan: CodePlan | null): void => {
    if (plan === null) return;
    if (plan.readsWhole) readsWhole = true;
    paths.push(...plan.paths);
  };
  const column = (plan: ColumnPlan | MatchColumnPlan): void => {
    if (plan.kind === 'path') paths.push(plan.path);
    else if (plan.kind === 'code') code(plan.code);
    else if (plan.kind === 'whole') readsWhole = true;
  };
  code(rule.filter);
  for (const { code: known } of rule.excepts) code(known);
  if (rule.iocs !== null) readsWhole = true;
  const { detect } = rule;
  if (detect.kind !== 'simple') {
    for (const key of detect.keys) column(key.value);
    detect.columns.forEach(column);
  }
  if (detect.kind !== 'simple' && detect.kind !== 'window') {
    for (const key of detect.keyLists.flat()) column(key.value);
    for (const test of detect.tests) {
      paths.push(...test.sources.map(({ path }) => path));
      code(test.filter);
    }
  }
  return readsWhole ? null : paths;
}
