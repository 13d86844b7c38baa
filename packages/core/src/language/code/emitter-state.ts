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
  protected declared: ReadonlySet<string> = new Set();
  protected depth = 0;
  protected temporaries = 0;
  /** Names that the function at hand needs for values in between, by function, innermost last. */
  protected readonly locals: string[][] = [];
  /** What one round of a loop or one call of a function is made of and makes, innermost last. None: it runs once. */
  protected readonly rounds: { expressions: number; steps: number; bytes: number }[] = [];
  /** Names that hold a scalar wherever they occur. */
  protected scalars: ReadonlySet<string> = new Set();
  /** Values of any kind may be readers, which have names of their own. Found out by a first pass. */
  readonly readersAreValues: boolean;
  /** false, for tests of what stands behind the compiler: code that it would refuse is printed all the same. */
  readonly refuses: boolean;

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
    readersAreValues = true,
    refuses = true,
  ) {
    this.role = role;
    this.names = names;
    this.steps = steps;
    this.readsRows = role !== 'event' && role !== 'copy';
    this.readersAreValues = readersAreValues && this.readsRows;
    this.refuses = refuses;
  }

  /**
   * The source of a clause, of functions that JavaScript does not do by itself and slots of paths. `isLight`: all that is
   * ever charged in it are operators and prepared tests, of values that are neither short nor plain; these arm the budget.
   */
  wrap(body: string): Pick<CodePlan, 'source' | 'isLight'> {
    const slots = this.paths.map((_, i) => `const s${i} = S[${i}];`);
    const made = `${[...slots, ...this.constants].join(' ')} return ${body};`;
    const charged = this.constants.filter(
      (one) => !/^const [pr]\d+ = H\.(?:prepare|pattern|ready)\(/.test(one),
    );
    // A text in the code may look as if it used them: then it pays as others do.
    const isLight = !/\b[HBX]\b/.test(`${charged.join(' ')} ${body}`);
    const budget = isLight ? 'L = H.late' : 'B = H.left, X = H.out, L = H';
    return { source: `(H, S) => { "use strict"; const ${budget}; ${made} }`, isLight };
  }

  refuse(
    node: { readonly start: number; readonly end: number },
    code: CodeProblem['code'],
    message: string,
    correction?: string,
  ): Emitted {
    if (this.refuses && this.problems.length < 20)
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

  /** A temporary that the function at hand declares. */
  protected local(): string {
    const name = this.temporary();
    this.locals.at(-1)!.push(name);
    return name;
  }

  /** The body that `write` gives, and before it the names that it needs. */
  protected withLocals(write: () => string): { text: string; locals: string } {
    this.locals.push([]);
    const text = write();
    const names = this.locals.pop()!;
    return { text, locals: names.length === 0 ? '' : `let ${names.join(', ')};` };
  }

  /** Something is made here: where it is made again and again, each round pays for it. */
  protected allocates(bytes: number): void {
    const round = this.rounds.at(-1);
    if (round === undefined) return;
    round.steps++;
    round.bytes += bytes;
  }

  /** What `write` gives, and what pays for one round of it. */
  protected inRound(write: () => string): { text: string; tick: string } {
    this.rounds.push({ expressions: 0, steps: 1, bytes: 0 });
    const text = write();
    const { expressions, steps: made, bytes } = this.rounds.pop()!;
    const steps = made + (expressions >> 5);
    const pays = bytes === 0 ? '' : `B[1] -= ${bytes}; `;
    const isOut = bytes === 0 ? '' : ' || B[1] < 0';
    return { text, tick: `${pays}if ((B[0] -= ${steps}) < 0${isOut}) X();` };
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
