import type { AnyNode, Expression, Node } from 'acorn';
import type { AggregateFunction, CodePlan, EarlyPlan, ValuePlan } from '../../plan/plan.ts';
import type { Code } from '../epl/syntax.ts';
import { globalNames } from '../../functions/rule-library.ts';
import { namespaces } from './allowed.ts';
import type { CodeProblem } from './code-problem.ts';
import type { AggregateUse, CompiledCode } from './compiled-code.ts';
import { Emitter } from './emitter.ts';
import type { Emitted } from './kinds.ts';
import { isFunction } from './tree-names.ts';
import { isNode } from '../epl/visit.ts';
import { fieldText, printCode } from './print-code.ts';

const FUNCTIONS: Readonly<
  Record<
    string,
    {
      readonly fields: readonly [number, number];
      readonly parameter: readonly [number, number] | null;
    }
  >
> = {
  count: { fields: [0, 1], parameter: null },
  distinct: { fields: [1, 10], parameter: null },
  sum: { fields: [1, 1], parameter: null },
  avg: { fields: [1, 1], parameter: null },
  min: { fields: [1, 1], parameter: null },
  max: { fields: [1, 1], parameter: null },
  stddev: { fields: [1, 1], parameter: null },
  percentile: { fields: [1, 1], parameter: [0, 100] },
  first: { fields: [1, 1], parameter: null },
  last: { fields: [1, 1], parameter: null },
  rate: { fields: [0, 0], parameter: null },
  values: { fields: [1, 1], parameter: [1, 1000] },
  top: { fields: [1, 1], parameter: [1, 1000] },
};

export const aggregateWords: readonly string[] = [...Object.keys(FUNCTIONS), 'previous'];

/** The aggregate that a call names, in small letters; null if it is none. */
export function aggregateWord(node: AnyNode): string | null {
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return null;
  const word = node.callee.name.toLowerCase();
  return aggregateWords.includes(word) ? word : null;
}

/** The path of an argument that is nothing but a field: `user`, `http.status`, `event["odd name"]`; null for other code. */
export function fieldOfArgument(node: AnyNode): readonly string[] | null {
  const steps: string[] = [];
  let at: AnyNode = node;
  while (at.type === 'MemberExpression') {
    const { property, computed } = at;
    if (!computed && property.type === 'Identifier') steps.unshift(property.name);
    else if (computed && property.type === 'Literal' && typeof property.value === 'string')
      steps.unshift(property.value);
    else return null;
    at = at.object as AnyNode;
  }
  if (at.type !== 'Identifier') return null;
  if (at.name === 'event') {
    const path = steps[0] === 'fields' ? steps.slice(1) : steps;
    return path.length === 0 || path.at(-1) === 'length' ? null : path;
  }
  if (
    namespaces.has(at.name) ||
    globalNames.has(at.name) ||
    at.name === 'utils' ||
    at.name === 'undefined'
  )
    return null;
  return [at.name, ...steps];
}

/** Canonical text of an aggregate call, such as `distinct(TargetUserName)`: the name of its value in results. */
export function aggregateText(node: AnyNode): string {
  if (node.type !== 'CallExpression') return printCode(node);
  const parts = (node.arguments as AnyNode[]).map((argument) => {
    if (aggregateWord(argument) !== null) return aggregateText(argument);
    const field = fieldOfArgument(argument);
    return field === null ? printCode(argument) : fieldText(field);
  });
  return `${aggregateWord(node)!}(${parts.join(', ')})`;
}

/** Canonical text of a HAVING expression: aggregates in small letters, fields by their names. */
export const printAggregates = (tree: Node): string =>
  printCode(withCanonicalAggregates(tree as AnyNode));

/** A copy of the tree in which each aggregate is one name, its canonical text. */
function withCanonicalAggregates(node: AnyNode): AnyNode {
  if (aggregateWord(node) !== null)
    return { type: 'Identifier', name: aggregateText(node), start: node.start, end: node.end };
  const copy: Record<string, unknown> = { ...node };
  for (const [name, value] of Object.entries(copy)) {
    if (Array.isArray(value))
      copy[name] = (value as unknown[]).map((one) =>
        isNode(one) ? withCanonicalAggregates(one as AnyNode) : one,
      );
    else if (isNode(value)) copy[name] = withCanonicalAggregates(value as AnyNode);
  }
  return copy as unknown as AnyNode;
}

/** Code in which aggregates stand: they are found, and the rest reads their values. */
class AggregateEmitter extends Emitter {
  readonly uses: AggregateUse[] = [];

  protected override own(node: AnyNode): Emitted | null {
    const word = aggregateWord(node);
    if (word === null) return null;
    const index = this.use(node as AnyNode & { type: 'CallExpression' }, word, false);
    return { text: `a[${index}]`, kind: 'any' };
  }

  /** Index of the aggregate among those used. */
  use(node: AnyNode & { type: 'CallExpression' }, word: string, previous: boolean): number {
    if (word === 'previous') return this.#previous(node);
    const text = previous ? `previous(${aggregateText(node)})` : aggregateText(node);
    const known = this.uses.findIndex((use) => use.text === text);
    if (known >= 0) return known;
    const shape = FUNCTIONS[word];
    if (shape === undefined) return 0;
    const args = node.arguments as AnyNode[];
    const fields = shape.parameter === null ? args : args.slice(0, -1);
    if (fields.length < shape.fields[0] || fields.length > shape.fields[1])
      this.refuse(node, 'E311', `${word} takes ${shapeText(word)}`);
    const use: AggregateUse = {
      fn: word as AggregateFunction,
      arguments: fields.map((argument) => this.#argument(argument)),
      parameter:
        shape.parameter === null ? null : this.#parameter(node, args.at(-1), word, shape.parameter),
      previous,
      text,
      span: { start: node.start, end: node.end },
    };
    return this.uses.push(use) - 1;
  }

  #previous(node: AnyNode & { type: 'CallExpression' }): number {
    const [inner] = node.arguments as AnyNode[];
    const word = inner === undefined ? null : aggregateWord(inner);
    if (word === null || word === 'previous' || node.arguments.length !== 1) {
      this.refuse(node, 'E311', 'previous takes one aggregate', 'previous(count())');
      return 0;
    }
    return this.use(inner as AnyNode & { type: 'CallExpression' }, word, true);
  }

  #parameter(
    node: Node,
    argument: AnyNode | undefined,
    word: string,
    [least, most]: readonly [number, number],
  ): number {
    const value = argument?.type === 'Literal' ? argument.value : undefined;
    const isWhole = (word !== 'values' && word !== 'top') || Number.isInteger(value);
    if (typeof value === 'number' && value >= least && value <= most && isWhole) return value;
    this.refuse(
      argument ?? node,
      'E311',
      `${word} takes ${shapeText(word)}, a number from ${least} to ${most}`,
    );
    return least;
  }

  #argument(node: AnyNode): ValuePlan {
    const path = node.type === 'SpreadElement' ? null : fieldOfArgument(node);
    if (path !== null) {
      if (path[0] === '$rule' || path[0] === '$tag' || path[0] === '$severity')
        this.refuse(node, 'E190', `reading ${path[0]} of results is not built yet`);
      if (
        path.some((step) => step === '__proto__' || step === 'constructor' || step === 'prototype')
      )
        this.refuse(node, 'E303', 'this name leads out of the data');
      return { kind: 'path', path };
    }
    const emitter = new Emitter('event', isFunction(node) ? 'function' : 'event');
    const body = emitter.clause(node);
    this.problems.push(...emitter.problems);
    const plan: CodePlan = {
      role: 'event',
      ...emitter.wrap(body),
      paths: emitter.paths,
      readsWhole: emitter.readsWhole,
      text: emitter.problems.length > 0 ? '' : printCode(node),
    };
    return { kind: 'code', code: plan };
  }
}

const shapeText = (word: string): string =>
  ({
    count: 'nothing, or one test',
    distinct: 'one or more fields',
    rate: 'nothing',
    percentile: 'a field and p',
    values: 'a field and n',
    top: 'a field and n',
  })[word] ?? 'one field';

export function compileAggregates(code: Code): {
  compiled: CompiledCode | null;
  problems: CodeProblem[];
} {
  const emitter = new AggregateEmitter('aggregates', 'aggregates');
  const body = emitter.bareClause(code.tree);
  if (emitter.problems.length > 0)
    return { compiled: null, problems: fieldHints(emitter.problems) };
  const plan: CodePlan = {
    role: 'aggregates',
    ...emitter.wrap(`(a) => ${body}`),
    paths: [],
    readsWhole: false,
    text: printAggregates(code.tree),
  };
  const early = earlyOf(code.tree as Expression, emitter.uses);
  return { compiled: { plan, aggregates: emitter.uses, early }, problems: [] };
}

/** A bare field in HAVING has as many values as the window has events. */
function fieldHints(problems: readonly CodeProblem[]): CodeProblem[] {
  return problems.map((problem) => {
    const name = /^`(.+)` is not known here$/.exec(problem.message)?.[1];
    if (name === undefined) return problem;
    return {
      ...problem,
      code: 'E310',
      message: `\`${name}\` has a value for each event of the window`,
      try: `last(${name})`,
    };
  });
}

/** The condition, if it may be shown early: count, distinct, sum above a number, joined by && and ||. */
function earlyOf(tree: Expression, uses: readonly AggregateUse[]): EarlyPlan | null {
  if (
    tree.type === 'LogicalExpression' &&
    tree.operator === '&&' &&
    tree.right.type === 'ObjectExpression'
  )
    return conditionOf(tree.left, uses);
  return conditionOf(tree, uses);
}

function conditionOf(tree: Expression, uses: readonly AggregateUse[]): EarlyPlan | null {
  if (tree.type === 'LogicalExpression' && tree.operator !== '??') {
    const left = conditionOf(tree.left, uses);
    const right = conditionOf(tree.right, uses);
    if (left === null || right === null) return null;
    return { kind: tree.operator === '&&' ? 'and' : 'or', of: [left, right] };
  }
  if (tree.type !== 'BinaryExpression') return null;
  const isTurned = tree.operator === '<' || tree.operator === '<=';
  if (!isTurned && tree.operator !== '>' && tree.operator !== '>=') return null;
  const [value, than] = isTurned ? [tree.right, tree.left] : [tree.left, tree.right];
  const number = numberLiteral(than as AnyNode);
  const word = aggregateWord(value as AnyNode);
  if (number === null || (word !== 'count' && word !== 'distinct' && word !== 'sum')) return null;
  const aggregate = uses.findIndex(({ text }) => text === aggregateText(value as AnyNode));
  return { kind: tree.operator.endsWith('=') ? 'at-least' : 'more-than', aggregate, than: number };
}

function numberLiteral(node: AnyNode): number | null {
  if (node.type === 'Literal' && typeof node.value === 'number') return node.value;
  if (node.type === 'UnaryExpression' && node.operator === '-') {
    const number = numberLiteral(node.argument as AnyNode);
    return number === null ? null : -number;
  }
  return null;
}
