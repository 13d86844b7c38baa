import type { AnyNode, ArrowFunctionExpression, Function as FunctionNode } from 'acorn';
import type { Json } from '../../packages/core/src/plan/json.ts';
import type { Code } from '../../packages/core/src/language/epl/syntax.ts';
import { evaluate, functionFrom, NOTHING_OUTSIDE, Scope } from './evaluate.ts';
import type { SeenEvent } from './events.ts';
import { NO_MATCH } from './values.ts';

/** What a call of rule code came to. A thrown error and a call on undefined both give `failed`. */
export type Outcome = { readonly value: unknown } | { readonly failed: 'no match' | Error };

/** Runs FILTER, a key or an argument of an aggregate for one event. */
export function runForEvent({ names, tree }: Code, event: SeenEvent): Outcome {
  if (names === 'function') return callFunction({ tree }, [event]);
  return evaluateForEvent(tree as AnyNode, event, names === 'fields');
}

/** An expression over `event`; with `bareNames` all names that mean nothing else are its fields. */
export function evaluateForEvent(tree: AnyNode, event: SeenEvent, bareNames: boolean): Outcome {
  const free = (name: string): unknown => {
    if (bareNames) return event.get([name]);
    return name === 'event' ? event : undefined;
  };
  return attempt(() => evaluate(tree, new Scope({ ...NOTHING_OUTSIDE, free }, true)));
}

/** Calls a function of the rule. */
export function callFunction({ tree }: Pick<Code, 'tree'>, args: readonly unknown[]): Outcome {
  const run = functionFrom(
    tree as FunctionNode | ArrowFunctionExpression,
    new Scope(NOTHING_OUTSIDE, true),
  );
  return attempt(() => run(...args));
}

/** Evaluates HAVING as an expression; `values` are those of its aggregates. */
export function evaluateOver(
  tree: AnyNode,
  values: ReadonlyMap<AnyNode, Json | undefined>,
): Outcome {
  return attempt(() => evaluate(tree, new Scope({ ...NOTHING_OUTSIDE, values }, true)));
}

/** Evaluates an expression in which these names are free. */
export function evaluateOverMatch(tree: AnyNode, names: ReadonlyMap<string, unknown>): Outcome {
  const free = (name: string): unknown => names.get(name);
  return attempt(() => evaluate(tree, new Scope({ ...NOTHING_OUTSIDE, free }, true)));
}

function attempt(run: () => unknown): Outcome {
  try {
    return { value: run() };
  } catch (thrown) {
    return { failed: thrown === NO_MATCH ? 'no match' : (thrown as Error) };
  }
}

/** Was it a truthy value? */
export const isTrue = (outcome: Outcome): boolean => 'value' in outcome && Boolean(outcome.value);
