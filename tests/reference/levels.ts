/** Results as events of rules that name them (docs/language.md section 7). */
import type { SourceSyntax } from '../../packages/core/src/language/epl/syntax.ts';
import { hasParts, partsOf } from './parts.ts';
import { namesResults } from './result-event.ts';
import type { RuleFacts } from './results.ts';

function couldPass(sources: readonly SourceSyntax[], { id, syntax }: RuleFacts): boolean {
  return sources.every(({ field, values }) => {
    const of: Record<string, readonly (string | null)[]> = {
      $rule: [id, syntax.name],
      $tag: syntax.tags,
      $severity: [syntax.severity],
      $source: [],
      $product: [],
      $service: [],
      $category: [],
    };
    return of[field.path.join('.')]?.some((one) => one !== null && values.includes(one)) ?? true;
  });
}

/** Does a rule read the results of another? */
export function reads({ syntax: reader }: RuleFacts, other: RuleFacts): boolean {
  if (other.syntax.status !== 'enabled') return false;
  const parts = hasParts(reader) ? partsOf(reader) : [];
  const ways = [reader.sources, ...parts.map((part) => [...reader.sources, ...part.sources])];
  return ways.some((sources) => namesResults(sources) && couldPass(sources, other));
}

/** Rules so that each comes after those that it reads, with its level. There is no cycle. */
export function inLevels(rules: readonly RuleFacts[]): { rule: RuleFacts; level: number }[] {
  const levelOf = (rule: RuleFacts): number =>
    Math.max(0, ...rules.filter((other) => reads(rule, other)).map((other) => levelOf(other) + 1));
  return rules.map((rule) => ({ rule, level: levelOf(rule) })).sort((a, b) => a.level - b.level);
}
