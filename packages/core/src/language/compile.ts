import type { Diagnostic } from '../plan/diagnostic.ts';
import type { Plan, RulePlan } from '../plan/plan.ts';
import type { SourcesPlan } from '../plan/source-plan.ts';
import { checkRules, type RuleInFile } from './check.ts';
import { diagnostic } from './diagnostics/diagnostic.ts';
import { parse } from './epl/parse.ts';
import type { CodeProblem } from './code/code-problem.ts';
import { levelsOf } from '../plan/reading.ts';
import { lowerRule } from './lower.ts';
import {
  compileSigma,
  isSigmaFile,
  type SigmaOptions,
  type SigmaOutcome,
} from './sigma/compile-sigma.ts';

export interface CompiledRule extends RuleInFile {
  readonly plan: RulePlan;
}

export interface Compiled {
  /** Of the rules without an error; frozen. */
  readonly plan: Plan;
  readonly rules: readonly CompiledRule[];
  /** What became of each document of Sigma. */
  readonly sigma: readonly SigmaOutcome[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface CompileOptions {
  readonly sources: SourcesPlan;
  /** Sigma: pipelines that rules go through, in this order, and texts for their placeholders. */
  readonly sigma?: SigmaOptions;
  /** Names of the outputs that are declared; not given: nothing is known of them. */
  readonly outputs?: readonly string[];
}

const NO_SIGMA: SigmaOptions = { pipelines: [], placeholders: () => null };

/** Makes one plan of files of rules: EPL, and Sigma in `.yml`. Never throws: rules with an error are left out and told of. */
export function compile(
  files: readonly { readonly name: string; readonly text: string }[],
  { sources, sigma = NO_SIGMA, outputs }: CompileOptions,
): Compiled {
  const diagnostics: Diagnostic[] = [];
  const parsed: RuleInFile[] = [];
  for (const { name, text } of files.filter(({ name }) => !isSigmaFile(name))) {
    const result = parse(text, name);
    diagnostics.push(...result.diagnostics);
    parsed.push(...result.rules.map((syntax) => ({ syntax, file: name })));
  }
  const ofSigma = compileSigma(
    files.filter(({ name }) => isSigmaFile(name)),
    sigma,
  );
  diagnostics.push(...ofSigma.diagnostics);
  parsed.push(...ofSigma.rules);
  const checked = checkRules(parsed, sources, outputs ?? null);
  diagnostics.push(...checked);
  const refused = refusedPlaces(checked);
  const rules: CompiledRule[] = [];
  for (const rule of parsed) {
    const { plan, problems } = lowerRule(rule.syntax);
    diagnostics.push(...problems.map((problem) => diagnostic(placed(problem, rule))));
    if (plan !== null && !isRefused(rule, refused)) rules.push({ ...rule, plan: deepFrozen(plan) });
  }
  const inLevels = withoutCycles(rules, diagnostics);
  return {
    plan: deepFrozen({ format: 1, rules: inLevels.map(({ plan }) => plan) }),
    rules: inLevels,
    sigma: withLateRefusals(ofSigma.outcomes, diagnostics),
    diagnostics: inOrder(diagnostics, files),
  };
}

/** Rules that read each other's results in a circle are told of, and left out. */
function withoutCycles(
  rules: readonly CompiledRule[],
  diagnostics: Diagnostic[],
): readonly CompiledRule[] {
  const { cycle } = levelsOf(rules.map(({ plan }) => plan));
  if (cycle === null) return rules;
  const names = cycle.map((i) => JSON.stringify(rules[i]!.plan.id)).join(' → ');
  for (const i of new Set(cycle)) {
    const { syntax, file, sigma } = rules[i]!;
    const span = sigma?.titleSpan ?? syntax.nameSpan;
    const message = `these rules read each other's results: ${names}`;
    diagnostics.push(diagnostic({ code: 'E214', message, file, span }));
  }
  return withoutCycles(
    rules.filter((_, i) => !cycle.includes(i)),
    diagnostics,
  );
}

/** Code that was made of Sigma has no place of its own: what is wrong with it is told at the rule's title. */
function placed(
  problem: CodeProblem,
  { sigma, file }: RuleInFile,
): CodeProblem & { readonly file: string } {
  return sigma === undefined ? { ...problem, file } : { ...problem, file, span: sigma.titleSpan };
}

/** Rules that were refused after they had been made of Sigma. */
function withLateRefusals(
  outcomes: readonly SigmaOutcome[],
  diagnostics: readonly Diagnostic[],
): SigmaOutcome[] {
  const errors = new Map(
    diagnostics.filter(({ severity }) => severity === 'error').map((one) => [one.file, one]),
  );
  const inFile = Map.groupBy(outcomes, ({ file }) => file);
  return outcomes.map((outcome) => {
    const error = errors.get(outcome.file);
    if (outcome.state !== 'taken' || error === undefined) return outcome;
    // Of files with several documents the state was told where each was read.
    return inFile.get(outcome.file)!.length > 1
      ? outcome
      : { ...outcome, state: 'refused', reason: `${error.code}: ${error.message}` };
  });
}

function refusedPlaces(checked: readonly Diagnostic[]): Map<string, Diagnostic[]> {
  return Map.groupBy(
    checked.filter(({ severity }) => severity === 'error'),
    ({ file }) => file,
  );
}

function isRefused(
  { syntax, file }: RuleInFile,
  refused: ReadonlyMap<string, readonly Diagnostic[]>,
): boolean {
  return (refused.get(file) ?? []).some(
    ({ span }) => span.start >= syntax.span.start && span.start < syntax.span.end,
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
