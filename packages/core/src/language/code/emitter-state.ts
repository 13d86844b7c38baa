import type { AnyNode, Node } from 'acorn';
import type { Path } from '../../plan/json.ts';
import type { CodePlan } from '../../plan/plan.ts';
import type { Code } from '../epl/syntax.ts';
import { visit } from '../epl/visit.ts';
import { DEPTH_MAX, NODES_MAX, refusals, refusedNames } from './allowed.ts';
import type { CodeProblem } from './code-problem.ts';
import { any } from './kinds.ts';
import type { Emitted, Kind, Scope } from './kinds.ts';

/** What is known while a clause is written anew: names, paths, what was refused. */
export class EmitterState {
  readonly role: CodePlan['role'];
  readonly names: Code['names'];
  readonly paths: Path[] = [];
  readonly problems: CodeProblem[] = [];
  readsWhole = false;
  protected readonly constants: string[] = [];
  protected readonly constantByText = new Map<string, string>();
  protected readonly scopes: Scope[] = [];
  protected assigned: ReadonlySet<string> = new Set();
  protected depth = 0;
  protected temporaries = 0;

  /** Steps that `match` has, and which of them are lists. */
  readonly steps: ReadonlyMap<string, 'event' | 'events'>;
  /** Code that reads stored events: `event?.get`, and a reader may be a value. */
  readonly readsRows: boolean;
  /** The match itself was read. */
  readsMatch = false;

  constructor(
    role: CodePlan['role'],
    names: Code['names'],
    steps: ReadonlyMap<string, 'event' | 'events'> = new Map(),
  ) {
    this.role = role;
    this.names = names;
    this.steps = steps;
    this.readsRows = role !== 'event' && role !== 'copy';
  }

  wrap(body: string): string {
    const slots = this.paths.map((_, i) => `const s${i} = S[${i}];`);
    return `(H, S) => { "use strict"; ${[...slots, ...this.constants].join(' ')} return ${body}; }`;
  }

  refuse(
    node: { readonly start: number; readonly end: number },
    code: CodeProblem['code'],
    message: string,
    correction?: string,
  ): Emitted {
    if (this.problems.length < 20)
      this.problems.push({
        code,
        message,
        span: { start: node.start, end: node.end },
        try: correction,
      });
    return any('undefined');
  }

  protected refuseSize(tree: Node): void {
    let nodes = 0;
    const prepared = new Set<unknown>();
    visit(tree, (node) => {
      // Lists of constants that utils are asked are made ready once: of any length they cost a call nothing.
      if (node.type === 'CallExpression' && isUtils(node.callee as AnyNode))
        for (const argument of node.arguments)
          if (argument.type === 'ArrayExpression')
            for (const element of argument.elements) prepared.add(element);
      if (node.type !== 'Literal' || !prepared.has(node)) nodes++;
    });
    if (nodes > NODES_MAX)
      this.refuse(tree, 'E307', `this code has ${nodes} parts; ${NODES_MAX} are the limit`);
  }

  protected constant(text: string, prefix: string): string {
    let name = this.constantByText.get(text);
    if (name === undefined) {
      name = `${prefix}${this.constants.length}`;
      this.constants.push(`const ${name} = ${text};`);
      this.constantByText.set(text, name);
    }
    return name;
  }

  slot(path: Path): string {
    const text = JSON.stringify(path);
    let index = this.paths.findIndex((known) => JSON.stringify(known) === text);
    if (index < 0) index = this.paths.push(path) - 1;
    return `s${index}`;
  }

  protected temporary(): string {
    return `t${this.temporaries++}`;
  }

  protected declaredName(node: Node, name: string): string {
    if (refusedNames.has(name) || name === 'eval' || name === 'utils')
      this.refuse(node, 'E303', `\`${name}\` cannot be declared`);
    return `u$${name}`;
  }

  protected declareName(
    node: AnyNode & { type: 'Identifier' },
    kind: Kind,
    isFixed: boolean,
  ): string {
    this.scopes.at(-1)!.set(node.name, { kind, isFixed });
    return this.declaredName(node, node.name);
  }

  protected lookup(name: string): { readonly kind: Kind; readonly isFixed: boolean } | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = this.scopes[i]!.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  protected refuseNode(node: AnyNode): Emitted {
    return this.refuse(
      node,
      'E301',
      refusals[node.type] ?? `${node.type} is not part of the JavaScript of rules`,
    );
  }

  protected deeper(node: Node): void {
    if (++this.depth === DEPTH_MAX)
      this.refuse(node, 'E307', `this code is nested deeper than ${DEPTH_MAX}`);
    if (this.depth > DEPTH_MAX * 4) throw new RangeError('nested too deeply');
  }
}

const isUtils = (callee: AnyNode): boolean =>
  callee.type === 'MemberExpression' &&
  callee.object.type === 'Identifier' &&
  callee.object.name === 'utils';
