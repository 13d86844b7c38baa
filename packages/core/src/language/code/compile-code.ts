import type { Span } from '../../plan/diagnostic.ts';
import type { Path } from '../../plan/json.ts';
import type { CodePlan, EarlyPlan, ValuePlan } from '../../plan/plan.ts';
import type { Code } from '../epl/syntax.ts';
import { compileAggregates, type AggregateUse } from './aggregates.ts';
import { Emitter } from './emitter.ts';
import { printCode } from './print-code.ts';

/** What is wrong with a piece of code. */
export interface CodeProblem {
  readonly code: `E${number}`;
  readonly message: string;
  readonly span: Span;
  readonly try?: string | undefined;
}

export interface CompiledCode {
  readonly plan: CodePlan;
  /** Of role 'aggregates' only. */
  readonly aggregates: readonly AggregateUse[];
  readonly early: EarlyPlan | null;
}

const SOURCE_MAX = 16 * 1024;

/** Checks a piece of rule code and prints it anew, or says what is wrong with it. Never throws. */
export function compileCode(
  code: Code,
  role: CodePlan['role'],
): { compiled: CompiledCode | null; problems: CodeProblem[] } {
  if (code.span.end - code.span.start > SOURCE_MAX)
    return {
      compiled: null,
      problems: [
        {
          code: 'E307',
          message: `this code has more than ${SOURCE_MAX} characters`,
          span: code.span,
        },
      ],
    };
  try {
    if (role === 'aggregates') return compileAggregates(code);
    const emitter = new Emitter(role, code.names);
    const body = emitter.clause(code.tree);
    if (emitter.problems.length > 0) return { compiled: null, problems: emitter.problems };
    const plan: CodePlan = {
      role,
      source: emitter.wrap(body),
      paths: emitter.paths,
      readsWhole: emitter.readsWhole,
      text: printCode(code.tree),
    };
    return { compiled: { plan, aggregates: [], early: null }, problems: [] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return {
      compiled: null,
      problems: [{ code: 'E307', message: 'this code is nested too deeply', span: code.span }],
    };
  }
}

/** The value of a key or an aggregate's argument: a path where the code is nothing but that. */
export function valuePlanOf(plan: CodePlan, path: Path | null): ValuePlan {
  return path === null ? { kind: 'code', code: plan } : { kind: 'path', path };
}
