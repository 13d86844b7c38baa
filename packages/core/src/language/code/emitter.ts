import type {
  AnyNode,
  ArrowFunctionExpression,
  Function as FunctionNode,
  Node,
  Pattern,
} from 'acorn';
import type { Path } from '../../plan/json.ts';
import type { CodePlan } from '../../plan/plan.ts';
import { libraryByName } from '../../functions/index.ts';
import { methodNames } from '../../functions/methods.ts';
import { refusePattern } from '../../functions/patterns.ts';
import { nearest } from '../diagnostics/nearest.ts';
import type { Code } from '../epl/syntax.ts';
import { visit } from '../epl/visit.ts';
import {
  DEPTH_MAX,
  NODES_MAX,
  binaryOperators,
  globalConstant,
  isGlobalFunction,
  namespaces,
  refusals,
  refusedNames,
  resultFacts,
  unaryOperators,
} from './allowed.ts';
import type { CodeProblem } from './compile-code.ts';
import { stringText } from './print-code.ts';

/**
 * What is known of a value:
 *   event      a reader (in HAVING perhaps undefined)
 *   events     the list of readers that HAVING gets, or a part of it
 *   copy       SINK's private plain value
 *   primitive  never an object
 *   any        all else; in HAVING it can be a reader only if some event was used as a value (`readsWhole`)
 */
export type Kind = 'event' | 'events' | 'copy' | 'primitive' | 'any';

export interface Emitted {
  readonly text: string;
  readonly kind: Kind;
}

const any = (text: string): Emitted => ({ text, kind: 'any' });
const primitive = (text: string): Emitted => ({ text, kind: 'primitive' });

type Scope = Map<string, { readonly kind: Kind; readonly isFixed: boolean }>;

/** Methods of the events list: how their callback is called, and what they give. */
const EVENT_LIST_METHODS: Readonly<
  Record<string, { readonly callback: readonly Kind[] | null; readonly gives: Kind }>
> = {
  filter: { callback: ['event', 'primitive', 'events'], gives: 'events' },
  map: { callback: ['event', 'primitive', 'events'], gives: 'any' },
  flatMap: { callback: ['event', 'primitive', 'events'], gives: 'any' },
  some: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  every: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  find: { callback: ['event', 'primitive', 'events'], gives: 'event' },
  findLast: { callback: ['event', 'primitive', 'events'], gives: 'event' },
  findIndex: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  findLastIndex: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  forEach: { callback: ['event', 'primitive', 'events'], gives: 'primitive' },
  reduce: { callback: ['any', 'event', 'primitive', 'events'], gives: 'any' },
  sort: { callback: ['event', 'event'], gives: 'events' },
  toSorted: { callback: ['event', 'event'], gives: 'events' },
  reverse: { callback: null, gives: 'events' },
  toReversed: { callback: null, gives: 'events' },
  slice: { callback: null, gives: 'events' },
  at: { callback: null, gives: 'event' },
};

/** Writes the code of one clause anew from its tree, so that nothing of the author's text is ever evaluated. */
export class Emitter {
  readonly role: CodePlan['role'];
  readonly names: Code['names'];
  readonly paths: Path[] = [];
  readonly problems: CodeProblem[] = [];
  readsWhole = false;
  readonly #constants: string[] = [];
  readonly #constantByText = new Map<string, string>();
  readonly #scopes: Scope[] = [];
  #assigned: ReadonlySet<string> = new Set();
  #depth = 0;
  #temporaries = 0;

  constructor(role: CodePlan['role'], names: Code['names']) {
    this.role = role;
    this.names = names;
  }

  /** The whole clause as the text of a function of its input. */
  clause(tree: Node): string {
    this.#refuseSize(tree);
    this.#assigned = assignedNames(tree);
    if (isFunction(tree)) return this.#clauseFunction(tree);
    const kind: Kind = this.role === 'copy' ? 'copy' : 'event';
    this.#scopes.push(new Map([['event', { kind, isFixed: true }]]));
    const body = this.value(tree as AnyNode);
    this.#scopes.pop();
    return `(u$event) => (${body})`;
  }

  /** A clause without an event: what its aggregates gave is all that it reads. */
  bareClause(tree: Node): string {
    this.#refuseSize(tree);
    this.#assigned = assignedNames(tree);
    return this.value(tree as AnyNode);
  }

  wrap(body: string): string {
    const slots = this.paths.map((_, i) => `const s${i} = S[${i}];`);
    return `(H, S) => { "use strict"; ${[...slots, ...this.#constants].join(' ')} return ${body}; }`;
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

  #refuseSize(tree: Node): void {
    let nodes = 0;
    visit(tree, () => nodes++);
    if (nodes > NODES_MAX)
      this.refuse(tree, 'E307', `this code has ${nodes} parts; ${NODES_MAX} are the limit`);
  }

  #constant(text: string, prefix: string): string {
    let name = this.#constantByText.get(text);
    if (name === undefined) {
      name = `${prefix}${this.#constants.length}`;
      this.#constants.push(`const ${name} = ${text};`);
      this.#constantByText.set(text, name);
    }
    return name;
  }

  slot(path: Path): string {
    const text = JSON.stringify(path);
    let index = this.paths.findIndex((known) => JSON.stringify(known) === text);
    if (index < 0) index = this.paths.push(path) - 1;
    return `s${index}`;
  }

  // ---- functions -------------------------------------------------------------------------------------------------

  #clauseFunction(node: FunctionNode | ArrowFunctionExpression): string {
    const kind: Kind = this.role === 'events' ? 'events' : this.role === 'copy' ? 'copy' : 'event';
    if (node.params.length > 1)
      this.refuse(
        node.params[1]!,
        'E308',
        `this clause calls its function with one value`,
        'keep the first parameter only',
      );
    return this.#function(node, [kind]);
  }

  /** A function whose parameters are of these kinds. */
  #function(node: FunctionNode | ArrowFunctionExpression, kinds: readonly Kind[]): string {
    if (node.async || node.generator)
      this.refuse(node, 'E301', 'rules do not wait: neither async nor generators');
    this.#deeper(node);
    const scope: Scope = new Map();
    if (node.type === 'FunctionExpression' && node.id)
      scope.set(node.id.name, { kind: 'any', isFixed: true });
    this.#scopes.push(scope);
    const heads: string[] = [];
    const prelude: string[] = [];
    node.params.forEach((param, i) =>
      this.#parameter(param as AnyNode, kinds[i] ?? 'any', heads, prelude),
    );
    const name =
      node.type === 'FunctionExpression' && node.id
        ? this.#declaredName(node.id, node.id.name)
        : '';
    let body: string;
    if (node.body.type === 'BlockStatement') {
      this.#hoistVariables(node.body, scope);
      body = `{ ${prelude.join(' ')} ${this.#statements(node.body.body as AnyNode[])} }`;
    } else {
      const value = this.value(node.body as AnyNode);
      body = prelude.length === 0 ? `(${value})` : `{ ${prelude.join(' ')} return ${value}; }`;
    }
    this.#scopes.pop();
    this.#depth--;
    if (node.type === 'ArrowFunctionExpression') return `(${heads.join(', ')}) => ${body}`;
    return `function ${name}(${heads.join(', ')}) ${body}`;
  }

  #parameter(param: AnyNode, kind: Kind, heads: string[], prelude: string[]): void {
    if (param.type === 'Identifier') {
      const isFixed = kind !== 'any' && kind !== 'primitive';
      heads.push(this.#declare(param, kind === 'primitive' ? 'any' : kind, isFixed));
      return;
    }
    if (param.type === 'RestElement' && param.argument.type === 'Identifier') {
      // What is handed on in a rest list is used as a value.
      if (kind === 'event' || kind === 'events') this.readsWhole = true;
      heads.push(`...${this.#declare(param.argument, 'any', false)}`);
      return;
    }
    const temporary = this.#temporary();
    heads.push(temporary);
    this.#pattern(param, { text: temporary, kind }, prelude);
  }

  #temporary(): string {
    return `t${this.#temporaries++}`;
  }

  #declaredName(node: Node, name: string): string {
    if (refusedNames.has(name) || name === 'eval' || name === 'utils')
      this.refuse(node, 'E303', `\`${name}\` cannot be declared`);
    return `u$${name}`;
  }

  #declare(node: AnyNode & { type: 'Identifier' }, kind: Kind, isFixed: boolean): string {
    this.#scopes.at(-1)!.set(node.name, { kind, isFixed });
    return this.#declaredName(node, node.name);
  }

  #lookup(name: string): { readonly kind: Kind; readonly isFixed: boolean } | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const found = this.#scopes[i]!.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #hoistVariables(body: Node, scope: Scope): void {
    visitOwn(body, (node) => {
      if (node.type !== 'VariableDeclaration' || node.kind !== 'var') return;
      for (const { id } of node.declarations)
        for (const name of namesIn(id as AnyNode))
          if (!scope.has(name)) scope.set(name, { kind: 'any', isFixed: false });
    });
  }

  /** Declares what a pattern takes out of a value, as `const` statements. */
  #pattern(node: AnyNode, from: Emitted, out: string[], keyword = 'const'): void {
    switch (node.type) {
      case 'Identifier': {
        const kind = this.#heldKind(from, node.name, keyword);
        const text = kind === from.kind ? from.text : this.#asValue(from);
        out.push(
          `${keyword} ${this.#declare(node, kind, kind === 'event' || kind === 'events')} = ${text};`,
        );
        return;
      }
      case 'AssignmentPattern': {
        const held = this.#temporary();
        const value = this.#asValue(from);
        out.push(
          `let ${held} = ${value}; if (${held} === undefined) ${held} = ${this.value(node.right)};`,
        );
        this.#pattern(node.left as AnyNode, any(held), out, keyword);
        return;
      }
      case 'ObjectPattern':
        return this.#objectPattern(node, from, out, keyword);
      case 'ArrayPattern': {
        const list = this.#temporary();
        out.push(`const ${list} = ${this.#asValue(from)};`);
        node.elements.forEach((element, i) => {
          if (element === null) return;
          if (element.type === 'RestElement')
            this.#pattern(
              element.argument as AnyNode,
              any(`H.call(${list}, "slice", ${i})`),
              out,
              keyword,
            );
          else this.#pattern(element as AnyNode, any(`H.get(${list}, ${i})`), out, keyword);
        });
        return;
      }
      default:
        this.refuse(node, 'E301', 'this cannot be declared');
    }
  }

  #objectPattern(
    node: AnyNode & { type: 'ObjectPattern' },
    from: Emitted,
    out: string[],
    keyword: string,
  ): void {
    const held = this.#temporary();
    const isEvent = from.kind === 'event';
    out.push(`const ${held} = ${isEvent ? from.text : this.#asValue(from)};`);
    const taken: string[] = [];
    for (const property of node.properties) {
      if (property.type === 'RestElement') {
        const all = this.#asValue({ text: held, kind: isEvent ? 'event' : 'any' });
        this.#pattern(
          property.argument as AnyNode,
          any(`H.restOf(${all}, ${JSON.stringify(taken)})`),
          out,
          keyword,
        );
        continue;
      }
      const name = property.computed ? null : staticKey(property.key as AnyNode);
      if (name === null || refusedNames.has(name)) {
        this.refuse(property, 'E303', 'this name cannot be taken out of a value');
        continue;
      }
      taken.push(name);
      const value = isEvent
        ? this.#eventPath(held, [name], property)
        : any(`H.get(${held}, ${stringText(name)})`);
      this.#pattern(property.value as AnyNode, value, out, keyword);
    }
  }

  /** An event stays one in a name that always holds it; in any other it is used as a value. */
  #heldKind(from: Emitted, name: string, keyword: string): Kind {
    if (from.kind === 'primitive')
      return keyword === 'const' || !this.#assigned.has(name) ? 'primitive' : 'any';
    const isReader = (from.kind === 'event' && this.role === 'events') || from.kind === 'events';
    return isReader && keyword === 'const' && !this.#assigned.has(name) ? from.kind : 'any';
  }

  // ---- statements ------------------------------------------------------------------------------------------------

  #statements(nodes: readonly AnyNode[]): string {
    const scope = this.#scopes.at(-1)!;
    for (const node of nodes)
      if (node.type === 'FunctionDeclaration' && node.id)
        scope.set(node.id.name, { kind: 'any', isFixed: true });
    // Names of let and const are known in the whole block, so that a use before the declaration fails as in JavaScript.
    for (const node of nodes)
      if (node.type === 'VariableDeclaration' && node.kind !== 'var')
        for (const { id } of node.declarations)
          for (const name of namesIn(id as AnyNode))
            scope.set(name, { kind: 'any', isFixed: false });
    return nodes.map((node) => this.#statement(node)).join(' ');
  }

  #block(node: AnyNode): string {
    this.#scopes.push(new Map());
    const body =
      node.type === 'BlockStatement'
        ? this.#statements(node.body as AnyNode[])
        : this.#statement(node);
    this.#scopes.pop();
    return `{ ${body} }`;
  }

  #statement(node: AnyNode): string {
    this.#deeper(node);
    const text = this.#statementText(node);
    this.#depth--;
    return text;
  }

  #statementText(node: AnyNode): string {
    switch (node.type) {
      case 'BlockStatement':
        return this.#block(node);
      case 'EmptyStatement':
        return '';
      case 'ExpressionStatement':
        // A text that stands alone could be a directive in the printed code ('use asm').
        if (node.expression.type === 'Literal') return '';
        return `${this.#effect(node.expression as AnyNode)};`;
      case 'VariableDeclaration':
        return this.#declaration(node);
      case 'FunctionDeclaration': {
        const text = this.#function(node as FunctionNode, []);
        return `const ${this.#declaredName(node, node.id?.name ?? '')} = ${text};`;
      }
      case 'ReturnStatement':
        return node.argument ? `return ${this.value(node.argument as AnyNode)};` : 'return;';
      case 'ThrowStatement':
        return `throw ${this.value(node.argument as AnyNode)};`;
      case 'IfStatement': {
        const other = node.alternate ? ` else ${this.#block(node.alternate as AnyNode)}` : '';
        return `if (${this.value(node.test as AnyNode)}) ${this.#block(node.consequent as AnyNode)}${other}`;
      }
      case 'WhileStatement':
        return `while (${this.value(node.test as AnyNode)}) ${this.#block(node.body as AnyNode)}`;
      case 'DoWhileStatement':
        return `do ${this.#block(node.body as AnyNode)} while (${this.value(node.test as AnyNode)});`;
      case 'ForStatement':
        return this.#for(node);
      case 'ForOfStatement':
      case 'ForInStatement':
        return this.#forEach(node);
      case 'SwitchStatement':
        return this.#switch(node);
      case 'BreakStatement':
      case 'ContinueStatement':
        if (node.label) this.refuse(node, 'E301', 'rules have no labels');
        return node.type === 'BreakStatement' ? 'break;' : 'continue;';
      default:
        this.#refuseNode(node);
        return '';
    }
  }

  #declaration(node: AnyNode & { type: 'VariableDeclaration' }): string {
    if (!['var', 'let', 'const'].includes(node.kind)) this.#refuseNode(node);
    const out: string[] = [];
    for (const { id, init } of node.declarations) {
      if (!init) {
        for (const name of namesIn(id as AnyNode)) {
          this.#scopes.at(-1)!.set(name, { kind: 'any', isFixed: false });
          out.push(`${node.kind === 'var' ? 'var' : 'let'} ${this.#declaredName(id, name)};`);
        }
        continue;
      }
      this.#pattern(
        id as AnyNode,
        this.expression(init as AnyNode),
        out,
        node.kind === 'const' ? 'const' : node.kind,
      );
    }
    return out.join(' ');
  }

  #for(node: AnyNode & { type: 'ForStatement' }): string {
    this.#scopes.push(new Map());
    let init = '';
    if (node.init?.type === 'VariableDeclaration')
      init = this.#loopVariables(node.init as AnyNode & { type: 'VariableDeclaration' });
    else if (node.init) init = this.#effect(node.init as AnyNode);
    const test = node.test ? this.value(node.test as AnyNode) : '';
    const update = node.update ? this.#effect(node.update as AnyNode) : '';
    const body = this.#block(node.body as AnyNode);
    this.#scopes.pop();
    return `for (${init}; ${test}; ${update}) ${body}`;
  }

  #loopVariables(node: AnyNode & { type: 'VariableDeclaration' }): string {
    const parts = node.declarations.map(({ id, init }) => {
      if (id.type !== 'Identifier') {
        this.refuse(id, 'E301', 'a loop declares plain names');
        return '';
      }
      const value = init ? ` = ${this.value(init as AnyNode)}` : '';
      return `${this.#declare(id, 'any', false)}${value}`;
    });
    return `${node.kind} ${parts.join(', ')}`;
  }

  #forEach(node: AnyNode & { type: 'ForOfStatement' | 'ForInStatement' }): string {
    if (node.type === 'ForOfStatement' && node.await)
      this.refuse(node, 'E301', 'rules do not wait');
    const over = this.expression(node.right as AnyNode);
    const isEvents = over.kind === 'events' && node.type === 'ForOfStatement';
    const list = isEvents
      ? over.text
      : node.type === 'ForInStatement'
        ? `H.keys(${this.#asValue(over)})`
        : `H.iterate(${this.#asValue(over)})`;
    const held = this.#temporary();
    this.#scopes.push(new Map());
    const out: string[] = [];
    const value: Emitted = { text: held, kind: isEvents ? 'event' : 'any' };
    if (node.left.type === 'VariableDeclaration') {
      const [declarator] = node.left.declarations;
      this.#pattern(
        declarator!.id as AnyNode,
        value,
        out,
        node.left.kind === 'const' ? 'const' : node.left.kind,
      );
    } else out.push(`${this.#assign(node.left as AnyNode, this.#asValue(value))};`);
    const body = this.#block(node.body as AnyNode);
    this.#scopes.pop();
    return `for (const ${held} of ${list}) { ${out.join(' ')} ${body} }`;
  }

  #switch(node: AnyNode & { type: 'SwitchStatement' }): string {
    const on = this.value(node.discriminant as AnyNode);
    this.#scopes.push(new Map());
    const cases = node.cases.map((one) => {
      const head = one.test ? `case ${this.value(one.test as AnyNode)}:` : 'default:';
      return `${head} ${this.#statements(one.consequent as AnyNode[])}`;
    });
    this.#scopes.pop();
    return `switch (${on}) { ${cases.join(' ')} }`;
  }

  #refuseNode(node: AnyNode): Emitted {
    return this.refuse(
      node,
      'E301',
      refusals[node.type] ?? `${node.type} is not part of the JavaScript of rules`,
    );
  }

  #deeper(node: Node): void {
    if (++this.#depth === DEPTH_MAX)
      this.refuse(node, 'E307', `this code is nested deeper than ${DEPTH_MAX}`);
    if (this.#depth > DEPTH_MAX * 4) throw new RangeError('nested too deeply');
  }

  // ---- expressions -----------------------------------------------------------------------------------------------

  /** The text of an expression that is used as a value: an event becomes one. */
  value(node: AnyNode): string {
    return this.#asValue(this.expression(node));
  }

  #asValue({ text, kind }: Emitted): string {
    if (kind !== 'event' && kind !== 'events') return text;
    this.readsWhole = true;
    // In HAVING the reader itself is handed on; the library reads through it.
    return kind === 'event' && this.role !== 'events' ? `${text}.whole()` : text;
  }

  expression(node: AnyNode): Emitted {
    const isLeaning = node.type === 'BinaryExpression' || node.type === 'LogicalExpression';
    if (!isLeaning) this.#deeper(node);
    const emitted = this.#expressionText(node);
    if (!isLeaning) this.#depth--;
    return emitted;
  }

  /** What the clause itself gives a meaning to; null: plain JavaScript. */
  protected own(_node: AnyNode): Emitted | null {
    return null;
  }

  #expressionText(node: AnyNode): Emitted {
    const own = this.own(node);
    if (own !== null) return own;
    switch (node.type) {
      case 'Literal':
        return this.#literal(node);
      case 'TemplateLiteral':
        return primitive(
          `\`${node.quasis.map(({ value }, i) => templateText(value.cooked ?? '') + (i < node.expressions.length ? `\${H.text(${this.value(node.expressions[i] as AnyNode)})}` : '')).join('')}\``,
        );
      case 'Identifier':
        return this.#identifier(node);
      case 'MemberExpression':
        return this.#member(node, (emitted) => emitted);
      case 'CallExpression':
        return this.#call(node, (emitted) => emitted);
      case 'ChainExpression':
        return this.#chain(node.expression as AnyNode, (emitted) => emitted);
      case 'UnaryExpression':
        if (!unaryOperators.has(node.operator))
          return this.refuse(
            node,
            'E301',
            `\`${node.operator}\` is not part of the JavaScript of rules`,
          );
        return primitive(`(${node.operator} ${this.value(node.argument as AnyNode)})`);
      case 'BinaryExpression':
        return this.#binary(node);
      case 'LogicalExpression': {
        const left = this.value(node.left as AnyNode);
        const right = this.value(node.right as AnyNode);
        return any(`(${left} ${node.operator} ${right})`);
      }
      case 'ConditionalExpression':
        return any(
          `(${this.value(node.test as AnyNode)} ? ${this.value(node.consequent as AnyNode)} : ${this.value(node.alternate as AnyNode)})`,
        );
      case 'AssignmentExpression':
        return this.#assignment(node);
      case 'UpdateExpression':
        return this.#update(node);
      case 'ArrayExpression':
        return any(
          `[${node.elements.map((element) => this.#element(element as AnyNode | null, node)).join(', ')}]`,
        );
      case 'ObjectExpression':
        return any(
          `({ ${node.properties.map((property) => this.#property(property as AnyNode)).join(', ')} })`,
        );
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        return any(`(${this.#function(node as FunctionNode, [])})`);
      default:
        return this.#refuseNode(node);
    }
  }

  /** An expression whose value nobody reads. */
  #effect(node: AnyNode): string {
    return this.value(node);
  }

  #literal(node: AnyNode & { type: 'Literal' }): Emitted {
    if (node.regex)
      return this.refuse(
        node,
        'E301',
        'a regular expression stands before .test(…) only',
        'utils.find(text, "pattern")',
      );
    if (node.value === null || typeof node.value === 'boolean')
      return primitive(String(node.value));
    if (typeof node.value === 'string') return primitive(stringText(node.value));
    if (typeof node.value === 'number')
      return primitive(Number.isFinite(node.value) ? String(node.value) : 'Infinity');
    return this.refuse(node, 'E301', 'rules have no big integers');
  }

  #identifier(node: AnyNode & { type: 'Identifier' }): Emitted {
    const known = this.#lookup(node.name);
    if (known !== undefined) return { text: `u$${node.name}`, kind: known.kind };
    if (node.name === 'undefined' || node.name === 'NaN' || node.name === 'Infinity')
      return primitive(node.name === 'undefined' ? '(void 0)' : node.name);
    if (this.names === 'fields' && this.role === 'event' && !this.#isWord(node.name))
      return this.#eventPath('u$event', [node.name], node);
    return this.#unknown(node);
  }

  #isWord = (name: string): boolean =>
    name === 'utils' || namespaces.has(name) || isGlobalFunction(name);

  #unknown(node: AnyNode & { type: 'Identifier' }): Emitted {
    const { name } = node;
    if (this.#isWord(name))
      return this.refuse(node, 'E302', `\`${name}\` can be called or asked, not handed on`);
    if (name === 'tables') return this.refuse(node, 'E181', 'tables.put is not built yet');
    if (['firstSeen', 'rare', 'baseline'].includes(name))
      return this.refuse(node, 'E188', `${name} is not built yet`);
    if (refusedNames.has(name))
      return this.refuse(node, 'E303', `\`${name}\` leads out of the rule`);
    const guess = nearest(name, [
      ...this.#scopes.flatMap((scope) => [...scope.keys()]),
      'utils',
      'Math',
    ]);
    const hint = this.#lookup('event') !== undefined ? `event.${name}` : guess;
    if (JAVASCRIPT_WORLD.has(name))
      return this.refuse(
        node,
        'E302',
        `\`${name}\` is not there: rules see nothing of the machine`,
      );
    return this.refuse(
      node,
      hint?.startsWith('event.') ? 'E310' : 'E302',
      `\`${name}\` is not known here`,
      hint,
    );
  }

  // ---- reading fields --------------------------------------------------------------------------------------------

  /** `a.b['c']` from its root: names that are known now, as far as they go. */
  #staticChain(node: AnyNode): { root: AnyNode; steps: string[] } {
    const steps: string[] = [];
    let at = node;
    for (;;) {
      if (at.type === 'ChainExpression') at = at.expression as AnyNode;
      else if (at.type === 'MemberExpression') {
        const name = staticName(at);
        if (name === null) break;
        if (refusedNames.has(name))
          this.refuse(at.property, 'E303', `\`${name}\` leads out of the data`);
        steps.unshift(name);
        at = at.object as AnyNode;
      } else break;
    }
    return { root: at, steps };
  }

  #eventPath(event: string, steps: readonly string[], node: Node): Emitted {
    // `event.fields` is the event itself.
    const path = steps[0] === 'fields' ? steps.slice(1) : steps;
    if (path.length === 0) return { text: event, kind: 'event' };
    if (resultFacts.has(path[0]!))
      return this.refuse(node, 'E190', `reading ${path[0]} of results is not built yet`);
    const reads = this.role === 'events' ? `${event}?.get` : `${event}.get`;
    const text = `${reads}(${this.slot(path)})`;
    if (path.length < 2 || path.at(-1) !== 'length') return any(text);
    return any(`H.lengthOr(${text}, ${reads}(${this.slot(path.slice(0, -1))}))`);
  }

  /** The root of a chain, if the chain is read as a path of an event: its text and kind. */
  #pathRoot(root: AnyNode): Emitted | null {
    if (root.type === 'Identifier') {
      const known = this.#lookup(root.name);
      if (known !== undefined)
        return known.kind === 'event' || known.kind === 'copy' || known.kind === 'events'
          ? { text: `u$${root.name}`, kind: known.kind }
          : null;
      return null;
    }
    return null;
  }

  #member(
    node: AnyNode & { type: 'MemberExpression' },
    next: (emitted: Emitted) => Emitted,
  ): Emitted {
    const constant = this.#namespaceConstant(node);
    if (constant !== null) return next(constant);
    const { root, steps } = this.#staticChain(node);
    if (steps.length > 0) {
      const fields = this.#fieldsRoot(root, steps, node);
      if (fields !== null) return next(fields);
      const known =
        this.#pathRoot(root) ??
        (this.role === 'events' && root.type !== 'Identifier' && !hasOptional(node)
          ? this.#rootOfEvents(root)
          : null);
      if (known !== null && known.kind !== 'events')
        return next(this.#readPath(known, steps, node));
      if (known !== null && steps.length === 1 && steps[0] === 'length')
        return next(primitive(`${known.text}.length`));
      if (known === null && this.role === 'events' && steps.length > 1 && !hasOptional(node))
        return next(
          any(`H.path(${this.value(root)}, ${this.#constant(JSON.stringify(steps), 'c')})`),
        );
    }
    const name = staticName(node);
    return this.#chain(node.object as AnyNode, (object) => {
      const read = (from: Emitted): Emitted => {
        if (from.kind === 'events' && name === 'length') return primitive(`${from.text}.length`);
        if (from.kind === 'event' && name !== null) return this.#eventPath(from.text, [name], node);
        const key = name === null ? this.value(node.property as AnyNode) : stringText(name);
        if (from.kind === 'event') {
          this.readsWhole = true;
          return any(`H.get(${from.text}, ${key})`);
        }
        // An element of the list of events is an event.
        if (from.kind === 'events') return { text: `H.get(${from.text}, ${key})`, kind: 'event' };
        return any(`H.get(${from.text}, ${key})`);
      };
      return node.optional
        ? this.#optional(object, (from) => next(read(from)))
        : next(read(object));
    });
  }

  #rootOfEvents(root: AnyNode): Emitted | null {
    const before = this.problems.length;
    const emitted = this.expression(root);
    if (this.problems.length > before) return emitted;
    return emitted.kind === 'event' || emitted.kind === 'events' ? emitted : null;
  }

  #readPath(root: Emitted, steps: readonly string[], node: Node): Emitted {
    if (root.kind === 'event') return this.#eventPath(root.text, steps, node);
    const path = steps[0] === 'fields' ? steps.slice(1) : steps;
    if (path.length === 0) return root;
    const read = (of: readonly string[]): string =>
      `H.read(${root.text}, ${this.#constant(JSON.stringify(of), 'c')})`;
    if (path.length > 1 && path.at(-1) === 'length')
      return any(`H.lengthOr(${read(path)}, ${read(path.slice(0, -1))})`);
    return any(read(path));
  }

  /** In WHERE a bare name is a field, and so is what follows it. */
  #fieldsRoot(root: AnyNode, steps: readonly string[], node: Node): Emitted | null {
    const isField =
      this.names === 'fields' &&
      this.role === 'event' &&
      root.type === 'Identifier' &&
      this.#lookup(root.name) === undefined &&
      !this.#isWord(root.name);
    return isField ? this.#eventPath('u$event', [root.name, ...steps], node) : null;
  }

  #namespaceConstant(node: AnyNode & { type: 'MemberExpression' }): Emitted | null {
    if (
      node.object.type !== 'Identifier' ||
      !namespaces.has(node.object.name) ||
      this.#lookup(node.object.name) !== undefined
    )
      return null;
    const name = staticName(node) ?? '';
    const constant = globalConstant(`${node.object.name}_${name}`);
    if (constant === undefined)
      return this.refuse(node, 'E302', `${node.object.name}.${name} is not known`);
    return primitive(String(constant));
  }

  /** Goes through an optional chain from its root, so that all of it is left out where a `?.` meets nothing. */
  #chain(node: AnyNode, next: (emitted: Emitted) => Emitted): Emitted {
    const own = this.own(node);
    if (own !== null) return next(own);
    if (node.type === 'MemberExpression') return this.#member(node, next);
    if (node.type === 'CallExpression') return this.#call(node, next);
    return next(this.expression(node));
  }

  #optional(from: Emitted, next: (emitted: Emitted) => Emitted): Emitted {
    const held = this.#temporary();
    return any(
      `H.opt(${from.text}, (${held}) => (${this.#asValue(next({ text: held, kind: from.kind }))}))`,
    );
  }

  // ---- calls -----------------------------------------------------------------------------------------------------

  #call(node: AnyNode & { type: 'CallExpression' }, next: (emitted: Emitted) => Emitted): Emitted {
    const target = node.callee as AnyNode;
    if (node.optional)
      return this.refuse(
        node,
        'E301',
        'a function is called or not; `?.(` is not part of the JavaScript of rules',
      );
    if (target.type === 'Identifier') return next(this.#callNamed(target, node));
    if (target.type !== 'MemberExpression')
      return next(any(`H.invoke(${this.value(target)}${this.#arguments(node, true)})`));
    const name = staticName(target);
    if (name === null)
      return this.refuse(target.property, 'E301', 'a method is called by its name');
    if (refusedNames.has(name))
      return this.refuse(target.property, 'E303', `\`${name}\` leads out of the data`);
    const object = target.object as AnyNode;
    if (object.type === 'Identifier' && this.#lookup(object.name) === undefined) {
      if (object.name === 'utils') return next(this.#callUtils(name, target, node));
      if (object.name === 'tables')
        return this.refuse(target, 'E181', 'tables.put is not built yet');
      if (namespaces.has(object.name))
        return next(
          this.#callGlobal(`${object.name}_${name}`, `${object.name}.${name}`, target, node),
        );
    }
    if (object.type === 'Literal' && object.regex)
      return next(this.#test(object.regex, name, target, node));
    if (!methodNames.has(name)) {
      const guess = nearest(name, [...methodNames]);
      return this.refuse(target.property, 'E304', `there is no method ${name}`, guess);
    }
    return this.#chain(object, (receiver) => {
      const call = (from: Emitted): Emitted => next(this.#callMethod(from, name, node));
      return target.optional ? this.#optional(receiver, call) : call(receiver);
    });
  }

  #callMethod(
    receiver: Emitted,
    name: string,
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    const ofEvents = receiver.kind === 'events' ? EVENT_LIST_METHODS[name] : undefined;
    if (ofEvents !== undefined) {
      const [first, ...rest] = node.arguments as AnyNode[];
      if (name === 'reduce' && rest.length === 0) this.readsWhole = true;
      const values = (node.arguments as AnyNode[]).map((argument, i) => {
        const isCallback = i === 0 && ofEvents.callback !== null && isFunction(argument);
        if (isCallback) return this.#function(argument as FunctionNode, ofEvents.callback!);
        // A function that was declared elsewhere gets events as values.
        if (i === 0 && ofEvents.callback !== null) this.readsWhole = true;
        return this.#spread(argument);
      });
      if (
        ofEvents.callback !== null &&
        first === undefined &&
        name !== 'sort' &&
        name !== 'toSorted'
      )
        this.refuse(node, 'E304', `${name} needs a function`);
      return {
        text: `H.call(${[receiver.text, stringText(name), ...values].join(', ')})`,
        kind: ofEvents.gives,
      };
    }
    if (receiver.kind === 'event')
      return this.refuse(node, 'E304', `an event has no method ${name}`);
    return any(
      `H.call(${this.#asValue(receiver)}, ${stringText(name)}${this.#arguments(node, true)})`,
    );
  }

  #callNamed(
    target: AnyNode & { type: 'Identifier' },
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    if (this.#lookup(target.name) !== undefined)
      return any(`H.invoke(u$${target.name}${this.#arguments(node, true)})`);
    if (isGlobalFunction(target.name) && !target.name.includes('_'))
      return this.#callGlobal(target.name, target.name, target, node);
    this.#unknown(target);
    return any('undefined');
  }

  #callGlobal(
    key: string,
    name: string,
    target: Node,
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    if (!isGlobalFunction(key)) return this.refuse(target, 'E302', `${name} is not known here`);
    const emitted = `H.f.${key}(${this.#arguments(node, false)})`;
    return /^(?:Object_|JSON_)/.test(key) ? any(emitted) : primitive(emitted);
  }

  #callUtils(
    name: string,
    target: AnyNode & { type: 'MemberExpression' },
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    if (!libraryByName.has(name))
      return this.refuse(
        target.property,
        'E309',
        `utils has no function ${name}`,
        nearest(name, [...libraryByName.keys()]),
      );
    const [text, pattern, flags] = node.arguments as AnyNode[];
    const isPattern =
      (name === 'matches' || name === 'find') &&
      pattern?.type === 'Literal' &&
      typeof pattern.value === 'string';
    const literalFlags =
      flags === undefined
        ? ''
        : flags.type === 'Literal' && typeof flags.value === 'string'
          ? flags.value
          : null;
    if (!isPattern || literalFlags === null || text === undefined)
      return any(`H.u.${name}(${this.#arguments(node, false)})`);
    const refused = refusePattern(pattern.value as string, literalFlags);
    if (refused !== null) return this.refuse(pattern, 'E306', refused);
    const make = name === 'matches' ? 'wholePattern' : 'pattern';
    const held = this.#constant(
      `H.${make}(${stringText(pattern.value as string)}, ${stringText(literalFlags)})`,
      'p',
    );
    return primitive(`${held}(${this.value(text)})`);
  }

  #test(
    regex: { pattern: string; flags: string },
    method: string,
    target: AnyNode & { type: 'MemberExpression' },
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    if (method !== 'test' || node.arguments.length !== 1)
      return this.refuse(target, 'E304', 'a regular expression has test(text) here');
    const refused = refusePattern(regex.pattern, regex.flags);
    if (refused !== null) return this.refuse(target.object, 'E306', refused);
    const held = this.#constant(
      `H.pattern(${stringText(regex.pattern)}, ${stringText(regex.flags)})`,
      'p',
    );
    return primitive(`${held}(${this.value(node.arguments[0] as AnyNode)})`);
  }

  #arguments(node: AnyNode & { type: 'CallExpression' }, follows: boolean): string {
    const values = (node.arguments as AnyNode[]).map((argument) => this.#spread(argument));
    return values.length === 0 ? '' : `${follows ? ', ' : ''}${values.join(', ')}`;
  }

  #spread(node: AnyNode): string {
    return node.type === 'SpreadElement'
      ? `...H.spreadList(${this.value(node.argument as AnyNode)})`
      : this.value(node);
  }

  // ---- the rest --------------------------------------------------------------------------------------------------

  #binary(node: AnyNode & { type: 'BinaryExpression' }): Emitted {
    const { operator } = node;
    if (!binaryOperators.has(operator) || node.left.type === 'PrivateIdentifier')
      return this.refuse(node, 'E301', `\`${operator}\` is not part of the JavaScript of rules`);
    if (operator === 'in') return this.#in(node);
    const left = this.expression(node.left as AnyNode);
    const right = this.expression(node.right as AnyNode);
    const [a, b] = [this.#asValue(left), this.#asValue(right)];
    if (operator !== '+' || (left.kind === 'primitive' && right.kind === 'primitive'))
      return primitive(`(${a} ${operator} ${b})`);
    return primitive(`H.add(${a}, ${b})`);
  }

  #in(node: AnyNode & { type: 'BinaryExpression' }): Emitted {
    const object = this.expression(node.right as AnyNode);
    const name =
      node.left.type === 'Literal' && typeof node.left.value === 'string' ? node.left.value : null;
    if (object.kind === 'event' && name !== null)
      return primitive(`(${this.#eventPath(object.text, [name], node).text} !== (void 0))`);
    if (object.kind === 'event') this.readsWhole = true;
    return primitive(
      `H.has(${object.kind === 'event' ? object.text : this.#asValue(object)}, ${this.value(node.left as AnyNode)})`,
    );
  }

  #assignment(node: AnyNode & { type: 'AssignmentExpression' }): Emitted {
    const target = node.left as AnyNode;
    const operator = node.operator.slice(0, -1);
    if (target.type === 'ObjectPattern' || target.type === 'ArrayPattern')
      return this.refuse(target, 'E301', 'assign one name at a time');
    const value = this.value(node.right as AnyNode);
    if (operator === '') return any(this.#assign(target, value));
    const combine = (old: string): string =>
      operator === '+' ? `H.add(${old}, ${value})` : `(${old} ${operator} ${value})`;
    if (target.type === 'MemberExpression') {
      const held = this.#temporary();
      return any(`H.modify(${this.#target(target)}, (${held}) => ${combine(held)})`);
    }
    return any(this.#assign(target, combine(this.value(target))));
  }

  /** `object, name` of a field that is written. */
  #target(node: AnyNode & { type: 'MemberExpression' }): string {
    const object = this.expression(node.object as AnyNode);
    const name = staticName(node);
    if (name !== null && refusedNames.has(name))
      this.refuse(node.property, 'E303', `\`${name}\` leads out of the data`);
    if (object.kind === 'event' || object.kind === 'events')
      this.refuse(node, 'E305', 'events are read-only here', 'return new fields instead');
    return `${object.text}, ${name === null ? this.value(node.property as AnyNode) : stringText(name)}`;
  }

  #assign(target: AnyNode, value: string): string {
    if (target.type === 'MemberExpression') return `H.set(${this.#target(target)}, ${value})`;
    if (target.type !== 'Identifier') {
      this.refuse(target, 'E301', 'this cannot be assigned to');
      return 'undefined';
    }
    const known = this.#lookup(target.name);
    if (known === undefined) this.#unknown(target);
    else if (known.isFixed)
      this.refuse(target, 'E305', `\`${target.name}\` cannot be given another value`);
    return `(u$${target.name} = ${value})`;
  }

  #update(node: AnyNode & { type: 'UpdateExpression' }): Emitted {
    const target = node.argument as AnyNode;
    const by = node.operator === '++' ? '+ 1' : '- 1';
    if (target.type === 'MemberExpression') {
      const held = this.#temporary();
      return primitive(
        `H.${node.prefix ? 'modify' : 'modifyAfter'}(${this.#target(target)}, (${held}) => +${held} ${by})`,
      );
    }
    if (target.type !== 'Identifier') return this.refuse(node, 'E301', 'this cannot be counted up');
    const known = this.#lookup(target.name);
    if (known === undefined) return this.#unknown(target);
    if (known.isFixed)
      return this.refuse(target, 'E305', `\`${target.name}\` cannot be given another value`);
    return primitive(
      node.prefix ? `(${node.operator}u$${target.name})` : `(u$${target.name}${node.operator})`,
    );
  }

  #element(element: AnyNode | null, list: Node): string {
    if (element === null) {
      this.refuse(list, 'E301', 'an element of the list is missing');
      return 'undefined';
    }
    return this.#spread(element);
  }

  #property(node: AnyNode): string {
    if (node.type === 'SpreadElement')
      return `...H.spreadFields(${this.value(node.argument as AnyNode)})`;
    if (node.type !== 'Property' || node.kind !== 'init' || node.method) {
      this.refuse(node, 'E301', 'an object holds plain fields here');
      return 'a: 0';
    }
    const value = this.value(node.value as AnyNode);
    if (node.computed) return `[H.key(${this.value(node.key as AnyNode)})]: ${value}`;
    const name = staticKey(node.key as AnyNode) ?? '';
    if (refusedNames.has(name)) this.refuse(node.key, 'E303', `a field may not be called ${name}`);
    return `${stringText(name)}: ${value}`;
  }
}

const JAVASCRIPT_WORLD = new Set([
  'globalThis',
  'window',
  'global',
  'process',
  'require',
  'module',
  'exports',
  'Function',
  'eval',
  'Symbol',
  'Proxy',
  'Reflect',
  'Date',
  'Promise',
  'fetch',
  'console',
  'setTimeout',
  'setInterval',
  'WebAssembly',
  'Buffer',
  'Map',
  'Set',
  'WeakMap',
  'WeakSet',
  'Error',
  'RegExp',
  'BigInt',
]);

export const isFunction = (node: Node): node is FunctionNode | ArrowFunctionExpression =>
  node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression';

const templateText = (text: string): string =>
  stringText(text).slice(1, -1).replace(/\\"/g, '"').replace(/`/g, '\\`').replace(/\$\{/g, '\\${');

function hasOptional(node: AnyNode): boolean {
  let found = false;
  for (
    let at: AnyNode = node;
    at.type === 'MemberExpression' || at.type === 'CallExpression';
    at = (at.type === 'MemberExpression' ? at.object : at.callee) as AnyNode
  )
    if (at.optional) found = true;
  return found;
}

/** The name that a member expression reads, if it is known now. Numbers are elements of lists, not names. */
function staticName(node: AnyNode & { type: 'MemberExpression' }): string | null {
  const { property, computed } = node;
  if (!computed) return property.type === 'Identifier' ? property.name : null;
  if (property.type === 'Literal' && typeof property.value === 'string') return property.value;
  const isPlainTemplate = property.type === 'TemplateLiteral' && property.expressions.length === 0;
  return isPlainTemplate ? (property.quasis[0]?.value.cooked ?? null) : null;
}

function staticKey(node: AnyNode): string | null {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'Literal' &&
    (typeof node.value === 'string' || typeof node.value === 'number')
    ? String(node.value)
    : null;
}

function namesIn(node: AnyNode | Pattern): string[] {
  switch (node.type) {
    case 'Identifier':
      return [node.name];
    case 'AssignmentPattern':
      return namesIn(node.left);
    case 'RestElement':
      return namesIn(node.argument);
    case 'ArrayPattern':
      return node.elements.flatMap((element) => (element === null ? [] : namesIn(element)));
    case 'ObjectPattern':
      return node.properties.flatMap((property) =>
        property.type === 'RestElement' ? namesIn(property.argument) : namesIn(property.value),
      );
    default:
      return [];
  }
}

/** Names that anything is assigned to, anywhere: a name that is not among them keeps what it was declared with. */
function assignedNames(tree: Node): ReadonlySet<string> {
  const names = new Set<string>();
  visit(tree, (node) => {
    if (node.type === 'AssignmentExpression' && node.left.type === 'Identifier')
      names.add(node.left.name);
    if (node.type === 'UpdateExpression' && node.argument.type === 'Identifier')
      names.add(node.argument.name);
    if (
      (node.type === 'ForOfStatement' || node.type === 'ForInStatement') &&
      node.left.type === 'Identifier'
    )
      names.add(node.left.name);
  });
  return names;
}

/** Visits a function's body without the functions inside it. */
function visitOwn(body: Node, see: (node: AnyNode) => void): void {
  const waiting: AnyNode[] = [body as AnyNode];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    see(node);
    for (const value of Object.values(node) as unknown[])
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        const inner = child as AnyNode | null;
        if (
          typeof inner === 'object' &&
          inner !== null &&
          typeof inner.type === 'string' &&
          'start' in inner &&
          !isFunction(inner) &&
          (inner as Node).type !== 'FunctionDeclaration'
        )
          waiting.push(inner);
      }
  }
}
