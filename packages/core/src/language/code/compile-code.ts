import { parseExpressionAt } from 'acorn';
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
    const { source, isLight } = emitter.wrap(body);
    if (!isReadable(source))
      return {
        compiled: null,
        problems: [{ code: 'E301', message: 'a name is declared twice here', span: code.span }],
      };
    const plan: CodePlan = {
      role,
      source,
      isLight,
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

/**
 * Is the printed code JavaScript? A parameter may be called as a `var` is, for instance, but not as the constant that stands
 * for it in printed code. An engine that met such code could not run any rule. Code without names is not read again.
 */
function isReadable(source: string): boolean {
  if (!/\b(?:var|let|const|function)\b/.test(source)) return true;
  try {
    parseExpressionAt(source, 0, { ecmaVersion: 2024 });
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
