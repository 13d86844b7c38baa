import type { CodePlan } from '../../plan/plan.ts';
import type { Code } from '../epl/syntax.ts';
import { compileAggregates } from './aggregates.ts';
import type { CodeProblem } from './code-problem.ts';
import type { CompiledCode } from './compiled-code.ts';
import { Emitter } from './emitter.ts';
import { printCode } from './print-code.ts';

/** Rules with lists of thousands of names are long; what runs of them is bounded by NODES_MAX. */
const SOURCE_MAX = 512 * 1024;

/**
 * Checks a piece of rule code and prints it anew, or says what is wrong with it. Never throws. `refuses` is false only in
 * tests of what holds behind the compiler.
 */
export function compileCode(
  code: Code,
  role: CodePlan['role'],
  steps?: ReadonlyMap<string, 'event' | 'events'>,
  refuses = true,
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
    const { emitter, body } = emitted(code, role, steps, refuses);
    if (emitter.problems.length > 0) return { compiled: null, problems: emitter.problems };
    const plan: CodePlan = {
      role,
      source: emitter.wrap(body),
      paths: emitter.paths,
      readsWhole: emitter.readsWhole,
      text: refuses ? printCode(code.tree) : '',
    };
    const { readsMatch } = emitter;
    return { compiled: { plan, aggregates: [], early: null, readsMatch }, problems: [] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return {
      compiled: null,
      problems: [{ code: 'E307', message: 'this code is nested too deeply', span: code.span }],
    };
  }
}

/** Most code never has a reader as a value, and what it reads then is read by JavaScript itself. */
function emitted(
  code: Code,
  role: CodePlan['role'],
  steps: ReadonlyMap<string, 'event' | 'events'> | undefined,
  refuses: boolean,
): { readonly emitter: Emitter; readonly body: string } {
  const emitter = new Emitter(role, code.names, steps, false, refuses);
  const body = emitter.clause(code.tree);
  if (!emitter.readsWhole || !emitter.readsRows) return { emitter, body };
  const again = new Emitter(role, code.names, steps, true, refuses);
  return { emitter: again, body: again.clause(code.tree) };
}
