import type { RulePlan, SourcePlan } from '@weir/core';
import { count } from './paint.ts';

/** Which rules no declared source can have an event for, by the product that they name; '' if there are none. */
export function unmetText(rules: readonly RulePlan[], sources: readonly SourcePlan[]): string {
  const unmet = new Map<string, number>();
  for (const { sources: tests } of rules) {
    const wanted = (['product', 'service', 'category'] as const).map(
      (part) => [part, tests.find(({ path }) => path[0] === `$${part}`)?.values] as const,
    );
    const isMet = sources.some((source) =>
      wanted.every(([part, values]) => values === undefined || canBe(source, part, values)),
    );
    if (isMet) continue;
    const name = wanted.flatMap(([, values]) => values ?? [])[0] ?? 'others';
    unmet.set(name, (unmet.get(name) ?? 0) + 1);
  }
  if (unmet.size === 0) return '';
  const total = [...unmet.values()].reduce((sum, number) => sum + number, 0);
  const parts = [...unmet]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 12)
    .map(([name, number]) => `${name} ${count(number)}`);
  return `${count(total)} rules can meet no event of the declared sources (a source's view or logsource says what its events are): ${parts.join(', ')}${unmet.size > 12 ? ', …' : ''}`;
}

function canBe(
  { view, logSource }: SourcePlan,
  part: 'product' | 'service' | 'category',
  values: readonly string[],
): boolean {
  const declared = logSource[part];
  if (declared !== null) return values.includes(declared);
  return view?.classes.some((one) => one[part] !== null && values.includes(one[part])) ?? false;
}
