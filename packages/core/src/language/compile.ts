import type { Diagnostic } from '../plan/diagnostic.ts';
import type { Plan, RulePlan } from '../plan/plan.ts';
import type { SourcesPlan } from '../plan/source-plan.ts';
import { checkRules, type RuleInFile } from './check.ts';
import { diagnostic } from './diagnostics/diagnostic.ts';
import { parse } from './epl/parse.ts';
import { lowerRule } from './lower.ts';

export interface CompiledRule extends RuleInFile {
  readonly plan: RulePlan;
}

export interface Compiled {
  /** Of the rules without an error; frozen. */
  readonly plan: Plan;
  readonly rules: readonly CompiledRule[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Makes one plan of files of rules. Never throws: rules with an error are left out and told of. */
export function compile(
  files: readonly { readonly name: string; readonly text: string }[],
  { sources }: { readonly sources: SourcesPlan },
): Compiled {
  const diagnostics: Diagnostic[] = [];
  const parsed: RuleInFile[] = [];
  for (const { name, text } of files) {
    const result = parse(text, name);
    diagnostics.push(...result.diagnostics);
    parsed.push(...result.rules.map((syntax) => ({ syntax, file: name })));
  }
  const checked = checkRules(parsed, sources);
  diagnostics.push(...checked);
  const rules: CompiledRule[] = [];
  for (const rule of parsed) {
    const { plan, problems } = lowerRule(rule.syntax);
    diagnostics.push(...problems.map((problem) => diagnostic({ ...problem, file: rule.file })));
    if (plan !== null && !isRefused(rule, checked)) rules.push({ ...rule, plan: deepFrozen(plan) });
  }
  return {
    plan: deepFrozen({ format: 1, rules: rules.map(({ plan }) => plan) }),
    rules,
    diagnostics: inOrder(diagnostics, files),
  };
}

function isRefused({ syntax, file }: RuleInFile, checked: readonly Diagnostic[]): boolean {
  return checked.some(
    (one) =>
      one.severity === 'error' &&
      one.file === file &&
      one.span.start >= syntax.span.start &&
      one.span.start < syntax.span.end,
  );
}

function inOrder(
  diagnostics: readonly Diagnostic[],
  files: readonly { readonly name: string }[],
): Diagnostic[] {
  const order = new Map(files.map(({ name }, i) => [name, i]));
  return [...diagnostics].sort(
    (a, b) => order.get(a.file)! - order.get(b.file)! || a.span.start - b.span.start,
  );
}

function deepFrozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFrozen);
  }
  return value;
}
