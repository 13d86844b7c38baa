import { SigmaProblem } from './sigma-problem.ts';
import type { Condition } from './condition.ts';
import type { LogSource, SigmaFilter, SigmaRule } from './sigma-rule.ts';

/**
 * Rules with the filters that are meant for them: a filter's condition must hold too.
 * Source: Sigma filters specification 2.1.
 */
export function applyFilters(
  rules: readonly SigmaRule[],
  filters: readonly SigmaFilter[],
): { readonly rules: SigmaRule[]; readonly problems: Map<SigmaFilter, SigmaProblem> } {
  const problems = new Map<SigmaFilter, SigmaProblem>();
  let filtered = [...rules];
  filters.forEach((filter, number) => {
    let count = 0;
    filtered = filtered.map((rule) => {
      if (!isMeant(filter, rule)) return rule;
      count++;
      return withFilter(rule, filter, number);
    });
    if (count === 0)
      problems.set(
        filter,
        new SigmaProblem(
          'W602',
          'no rule that is loaded has this name and log source',
          filter.rules?.[0]?.span ?? filter.facts.titleSpan,
        ),
      );
  });
  return { rules: filtered, problems };
}

function isMeant({ rules, logSource }: SigmaFilter, { facts, logSource: own }: SigmaRule): boolean {
  const isNamed =
    rules === null || rules.some(({ name }) => name === facts.id || name === facts.name);
  return isNamed && isWithin(own, logSource);
}

/** Is a log source one of those that a wider one says? */
export function isWithin(own: LogSource, wider: LogSource): boolean {
  return (['category', 'product', 'service'] as const).every(
    (part) => wider[part] === null || wider[part] === own[part],
  );
}

function withFilter(rule: SigmaRule, filter: SigmaFilter, number: number): SigmaRule {
  // A blank cannot stand in a name, so these names are nobody's.
  const named = (name: string): string => `filter ${number} ${name}`;
  const detections = new Map(rule.detections);
  for (const [name, detection] of filter.detections) detections.set(named(name), detection);
  const condition = renamed(filter.condition, named);
  return {
    ...rule,
    detections,
    conditions: rule.conditions.map((one) => ({ kind: 'and', of: [one, condition] })),
  };
}

function renamed(condition: Condition, named: (name: string) => string): Condition {
  if (condition.kind === 'name') return { kind: 'name', name: named(condition.name) };
  if (condition.kind === 'not') return { kind: 'not', of: renamed(condition.of, named) };
  return { ...condition, of: condition.of.map((one) => renamed(one, named)) };
}
