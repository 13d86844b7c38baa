import type { AnyNode, ArrowFunctionExpression, Function as FunctionNode, Node } from 'acorn';
import type { CodePlan } from '../../plan/plan.ts';
import { refusedNames } from './allowed.ts';
import { any, isPrimitiveKind } from './kinds.ts';
import type { Emitted, Kind, Scope } from './kinds.ts';
import {
  assignedNames,
  callsFunctions,
  declaredNames,
  isFunction,
  mentions,
  namesIn,
  staticKey,
  visitOwn,
} from './tree-names.ts';
import { scalarNames } from './scalar-names.ts';
import { ExpressionEmitter } from './emit-expressions.ts';

/** What a clause of a role gets: names in expressions, and what they are. */
const PARAMETERS: Readonly<
  Record<CodePlan['role'], readonly (readonly [name: string, kind: Kind])[]>
> = {
  event: [['event', 'event']],
  events: [['events', 'events']],
  aggregates: [],
  copy: [['event', 'copy']],
  step: [
    ['event', 'event'],
    ['match', 'match'],
  ],
  match: [['match', 'match']],
  pair: [
    ['a', 'event'],
    ['b', 'event'],
  ],
};

/** Stands where a round is paid for, until it is known what it costs. Texts are printed with such characters escaped. */
const TICK = '\u0001';

const bodyText = (locals: string, value: string): string =>
  locals === '' ? `(${value})` : `{ ${locals} return ${value}; }`;

/** Writes the code of one clause anew from its tree, so that nothing of the author's text is ever evaluated. */
export class Emitter extends ExpressionEmitter {
  /** How each function that is being written is left: only those that call others count their depth. */
  protected readonly exits: ('plain' | 'leaf' | 'counted')[] = [];

  /** The whole clause as the text of a function of its input. */
  clause(tree: Node): string {
    this.begin(tree);
    if (isFunction(tree)) return this.clauseFunction(tree);
    const names = PARAMETERS[this.role];
    const scope: Scope = new Map(names.map(([name, kind]) => [name, { kind, isFixed: true }]));
    this.scopes.push(scope);
    const body = this.withLocals(() => this.value(tree as AnyNode));
    this.scopes.pop();
    return `(${names.map(([name]) => `u$${name}`).join(', ')}) => ${bodyText(body.locals, body.text)}`;
  }

  protected begin(tree: Node): void {
    this.refuseSize(tree);
    this.assigned = assignedNames(tree);
    this.declared = declaredNames(tree);
    // Where bare names are fields, a name may mean a field in one place and a variable in another.
    if (this.names !== 'fields')
      this.scalars = scalarNames(
        tree,
        PARAMETERS[this.role].map(([name]) => name),
      );
  }

  /** A clause without an event: what its aggregates gave is all that it reads. */
  bareClause(tree: Node): string {
    this.begin(tree);
    const { locals, text } = this.withLocals(() => this.value(tree as AnyNode));
    return bodyText(locals, text);
  }

  protected clauseFunction(node: FunctionNode | ArrowFunctionExpression): string {
    const names = PARAMETERS[this.role];
    if (node.params.length > names.length)
      this.refuse(
        node.params[names.length]!,
        'E308',
        names.length === 1
          ? `this clause calls its function with one value`
          : `this clause calls its function with ${names.length} values`,
        names.length === 1 ? 'keep the first parameter only' : 'leave out the others',
      );
    const { id } = node as FunctionNode;
    // Also in a default value of a parameter.
    const isCalledAgain =
      !!id && [...node.params, node.body].some((part) => mentions(part, id.name));
    const kinds = names.map(([, kind]) => kind);
    return isCalledAgain ? this.functionText(node, kinds) : this.plainFunction(node, kinds, null);
  }

  /** A function whose parameters are of these kinds. It may be called again and again, and pays for each call. */
  protected functionText(
    node: FunctionNode | ArrowFunctionExpression,
    kinds: readonly Kind[],
  ): string {
    this.exits.push(callsFunctions(node, this.declared) ? 'counted' : 'leaf');
    const { text, tick } = this.inRound(() => this.plainFunction(node, kinds, TICK));
    const isLeaf = this.exits.pop() === 'leaf';
    const depth = isLeaf ? 'if (B[2] < 1) H.outOfLeaf();' : 'if (--B[2] < 0) X();';
    return text.replace(TICK, () => `${depth} ${tick}`);
  }

  /** `entry` stands before all else. */
  protected plainFunction(
    node: FunctionNode | ArrowFunctionExpression,
    kinds: readonly Kind[],
    entry: string | null,
  ): string {
    if (entry === null) this.exits.push('plain');
    if (node.async || node.generator)
      this.refuse(node, 'E301', 'rules do not wait: neither async nor generators');
    this.deeper(node);
    const scope: Scope = new Map();
    if (node.type === 'FunctionExpression' && node.id)
      scope.set(node.id.name, { kind: 'any', isFixed: true });
    this.scopes.push(scope);
    const heads: string[] = [];
    const prelude: string[] = [];
    const name =
      node.type === 'FunctionExpression' && node.id ? this.declaredName(node.id, node.id.name) : '';
    const { text, locals } = this.withLocals(() => {
      node.params.forEach((param, i) =>
        this.parameter(param as AnyNode, kinds.slice(i), heads, prelude),
      );
      if (node.body.type !== 'BlockStatement')
        return this.returned(this.value(node.body as AnyNode));
      this.hoistVariables(node.body, scope);
      const body = this.statements(node.body.body as AnyNode[]);
      return this.exits.at(-1) === 'counted' ? `${body} B[2]++;` : body;
    });
    this.scopes.pop();
    this.depth--;
    if (entry === null) this.exits.pop();
    const before = [locals, entry ?? '', ...prelude].filter((part) => part !== '').join(' ');
    const isPlain = before === '' && node.body.type !== 'BlockStatement';
    const body = isPlain ? `(${text.slice(7, -1)})` : `{ ${before} ${text} }`;
    if (node.type === 'ArrowFunctionExpression') return `(${heads.join(', ')}) => ${body}`;
    return `function ${name}(${heads.join(', ')}) ${body}`;
  }

  /** Functions that count how deep they are called leave as they came. Nothing is caught, so what is thrown need not. */
  protected returned(value: string | null): string {
    if (this.exits.at(-1) !== 'counted') return value === null ? 'return;' : `return ${value};`;
    if (value === null) return '{ B[2]++; return; }';
    const held = this.local();
    return `return ${held} = ${value}, B[2]++, ${held};`;
  }

  /** `kinds`: of what it is given, and of what comes after that. */
  protected parameter(
    param: AnyNode,
    kinds: readonly Kind[],
    heads: string[],
    prelude: string[],
  ): void {
    const kind = kinds[0] ?? 'any';
    if (param.type === 'Identifier') {
      if (isPrimitiveKind(kind))
        heads.push(this.declareName(param, this.assigned.has(param.name) ? 'any' : kind, false));
      else heads.push(this.declareName(param, kind, kind !== 'any'));
      return;
    }
    if (param.type === 'RestElement' && param.argument.type === 'Identifier') {
      // What is handed on in a rest list is used as a value.
      if (kinds.includes('event') || kinds.includes('events')) this.readsWhole = true;
      heads.push(`...${this.declareName(param.argument, 'any', false)}`);
      return;
    }
    const temporary = this.temporary();
    heads.push(temporary);
    this.pattern(param, { text: temporary, kind }, prelude);
  }

  /** A name of which nothing is known but what is assigned to it. */
  protected variable = (name: string): { readonly kind: Kind; readonly isFixed: boolean } => ({
    kind: this.scalars.has(name) ? 'scalar' : 'any',
    isFixed: false,
  });

  protected hoistVariables(body: Node, scope: Scope): void {
    visitOwn(body, (node) => {
      if (node.type !== 'VariableDeclaration' || node.kind !== 'var') return;
      for (const { id } of node.declarations)
        for (const name of namesIn(id as AnyNode))
          if (!scope.has(name)) scope.set(name, this.variable(name));
    });
  }

  /** Declares what a pattern takes out of a value, as `const` statements. */
  protected pattern(node: AnyNode, from: Emitted, out: string[], keyword = 'const'): void {
    switch (node.type) {
      case 'Identifier': {
        const kind = this.heldKind(from, node.name, keyword);
        const isEvent = kind === 'event' || kind === 'events';
        const text = isEvent ? from.text : this.asValue(from);
        out.push(`${keyword} ${this.declareName(node, kind, isEvent)} = ${text};`);
        return;
      }
      case 'AssignmentPattern': {
        const held = this.temporary();
        const value = this.asValue(from);
        out.push(
          `let ${held} = ${value}; if (${held} === undefined) ${held} = ${this.value(node.right)};`,
        );
        this.pattern(node.left as AnyNode, any(held), out, keyword);
        return;
      }
      case 'ObjectPattern':
        return this.objectPattern(node, from, out, keyword);
      case 'ArrayPattern': {
        const list = this.temporary();
        out.push(`const ${list} = ${this.asValue(from)};`);
        node.elements.forEach((element, i) => {
          if (element === null) return;
          if (element.type === 'RestElement')
            this.pattern(
              element.argument as AnyNode,
              any(`${this.method('slice')}(${list}, ${i})`),
              out,
              keyword,
            );
          else this.pattern(element as AnyNode, any(`H.get(${list}, ${i})`), out, keyword);
        });
        return;
      }
      default:
        this.refuse(node, 'E301', 'this cannot be declared');
    }
  }

  protected objectPattern(
    node: AnyNode & { type: 'ObjectPattern' },
    from: Emitted,
    out: string[],
    keyword: string,
  ): void {
    const held = this.temporary();
    const isEvent = from.kind === 'event';
    out.push(`const ${held} = ${isEvent ? from.text : this.asValue(from)};`);
    const taken: string[] = [];
    for (const property of node.properties) {
      if (property.type === 'RestElement') {
        const all = this.asValue({ text: held, kind: isEvent ? 'event' : 'any' });
        this.pattern(
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
      const value = isEvent ? this.eventPath(held, [name], property) : any(this.field(held, name));
      this.pattern(property.value as AnyNode, value, out, keyword);
    }
  }

  /** An event stays one in a name that always holds it; in any other it is used as a value. */
  protected heldKind(from: Emitted, name: string, keyword: string): Kind {
    if (this.scalars.has(name)) return 'scalar';
    if (isPrimitiveKind(from.kind) || from.kind === 'list')
      return keyword === 'const' || !this.assigned.has(name) ? from.kind : 'any';
    const isReader = (from.kind === 'event' && this.readsRows) || from.kind === 'events';
    return isReader && keyword === 'const' && !this.assigned.has(name) ? from.kind : 'any';
  }

  protected statements(nodes: readonly AnyNode[]): string {
    const scope = this.scopes.at(-1)!;
    for (const node of nodes)
      if (node.type === 'FunctionDeclaration' && node.id)
        scope.set(node.id.name, { kind: 'any', isFixed: true });
    // Names of let and const are known in the whole block, so that a use before the declaration fails as in JavaScript.
    for (const node of nodes)
      if (node.type === 'VariableDeclaration' && node.kind !== 'var')
        for (const { id } of node.declarations)
          for (const name of namesIn(id as AnyNode)) scope.set(name, this.variable(name));
    return nodes.map((node) => this.statement(node)).join(' ');
  }

  protected block(node: AnyNode): string {
    this.scopes.push(new Map());
    const body =
      node.type === 'BlockStatement'
        ? this.statements(node.body as AnyNode[])
        : this.statement(node);
    this.scopes.pop();
    return `{ ${body} }`;
  }

  protected statement(node: AnyNode): string {
    this.deeper(node);
    const text = this.statementText(node);
    this.depth--;
    return text;
  }

  protected statementText(node: AnyNode): string {
    switch (node.type) {
      case 'BlockStatement':
        return this.block(node);
      case 'EmptyStatement':
        return '';
      case 'ExpressionStatement':
        // A text that stands alone could be a directive in the printed code ('use asm').
        if (node.expression.type === 'Literal') return '';
        return `${this.effect(node.expression as AnyNode)};`;
      case 'VariableDeclaration':
        return this.declaration(node);
      case 'FunctionDeclaration': {
        this.allocates(128);
        const text = this.functionText(node as FunctionNode, []);
        return `const ${this.declaredName(node, node.id?.name ?? '')} = ${text};`;
      }
      case 'ReturnStatement':
        return this.returned(node.argument ? this.value(node.argument as AnyNode) : null);
      case 'ThrowStatement':
        return `throw ${this.value(node.argument as AnyNode)};`;
      case 'IfStatement': {
        const other = node.alternate ? ` else ${this.block(node.alternate as AnyNode)}` : '';
        return `if (${this.value(node.test as AnyNode)}) ${this.block(node.consequent as AnyNode)}${other}`;
      }
      case 'WhileStatement':
        return this.loop(
          node.body as AnyNode,
          (body) => `while (${this.value(node.test as AnyNode)}) ${body()}`,
        );
      case 'DoWhileStatement':
        return this.loop(
          node.body as AnyNode,
          (body) => `do ${body()} while (${this.value(node.test as AnyNode)});`,
        );
      case 'ForStatement':
        return this.for(node);
      case 'ForOfStatement':
      case 'ForInStatement':
        return this.forEach(node);
      case 'SwitchStatement':
        return this.switch(node);
      case 'BreakStatement':
      case 'ContinueStatement':
        if (node.label) this.refuse(node, 'E301', 'rules have no labels');
        return node.type === 'BreakStatement' ? 'break;' : 'continue;';
      default:
        this.refuseNode(node);
        return '';
    }
  }

  protected declaration(node: AnyNode & { type: 'VariableDeclaration' }): string {
    if (!['var', 'let', 'const'].includes(node.kind)) this.refuseNode(node);
    const out: string[] = [];
    for (const { id, init } of node.declarations) {
      if (!init) {
        for (const name of namesIn(id as AnyNode)) {
          this.scopes.at(-1)!.set(name, this.variable(name));
          out.push(`${node.kind === 'var' ? 'var' : 'let'} ${this.declaredName(id, name)};`);
        }
        continue;
      }
      this.pattern(
        id as AnyNode,
        this.expression(init as AnyNode),
        out,
        node.kind === 'const' ? 'const' : node.kind,
      );
    }
    return out.join(' ');
  }

  /** A loop of which each round pays first. */
  protected loop(body: AnyNode, write: (body: () => string) => string): string {
    const { text, tick } = this.inRound(() => write(() => `{ ${TICK} ${this.block(body)} }`));
    return text.replace(TICK, () => tick);
  }

  protected for(node: AnyNode & { type: 'ForStatement' }): string {
    this.scopes.push(new Map());
    let init = '';
    if (node.init?.type === 'VariableDeclaration')
      init = this.loopVariables(node.init as AnyNode & { type: 'VariableDeclaration' });
    else if (node.init) init = this.effect(node.init as AnyNode);
    const loop = this.loop(node.body as AnyNode, (body) => {
      const test = node.test ? this.value(node.test as AnyNode) : '';
      const update = node.update ? this.effect(node.update as AnyNode) : '';
      return `for (${init}; ${test}; ${update}) ${body()}`;
    });
    this.scopes.pop();
    return loop;
  }

  protected loopVariables(node: AnyNode & { type: 'VariableDeclaration' }): string {
    const parts = node.declarations.map(({ id, init }) => {
      if (id.type !== 'Identifier') {
        this.refuse(id, 'E301', 'a loop declares plain names');
        return '';
      }
      const value = init ? ` = ${this.value(init as AnyNode)}` : '';
      return `${this.declareName(id, this.variable(id.name).kind, false)}${value}`;
    });
    return `${node.kind} ${parts.join(', ')}`;
  }

  protected forEach(node: AnyNode & { type: 'ForOfStatement' | 'ForInStatement' }): string {
    if (node.type === 'ForOfStatement' && node.await)
      this.refuse(node, 'E301', 'rules do not wait');
    const over = this.expression(node.right as AnyNode);
    const isEvents = over.kind === 'events' && node.type === 'ForOfStatement';
    const isList = over.kind === 'list' && node.type === 'ForOfStatement';
    const list =
      isEvents || isList
        ? over.text
        : node.type === 'ForInStatement'
          ? `H.keys(${this.asValue(over)})`
          : `H.listed(${this.asValue(over)})`;
    const [held, all, at] = [this.temporary(), this.temporary(), this.temporary()];
    this.scopes.push(new Map());
    const value: Emitted = { text: held, kind: isEvents ? 'event' : 'any' };
    // By index, as an iterator makes an object for each round until V8 has optimised.
    const loop = this.loop(
      node.body as AnyNode,
      (body) =>
        `for (let ${at} = 0; ${at} < ${all}.length; ${at}++) { const ${held} = ${all}[${at}]; ${this.bound(node.left as AnyNode, value)} ${body()} }`,
    );
    this.scopes.pop();
    return `{ const ${all} = ${list}; ${loop} }`;
  }

  /** What a round of `for … of` begins with: its value gets its name. */
  protected bound(left: AnyNode, value: Emitted): string {
    if (left.type !== 'VariableDeclaration') return `${this.assign(left, this.asValue(value))};`;
    const out: string[] = [];
    const [declarator] = left.declarations;
    this.pattern(
      declarator!.id as AnyNode,
      value,
      out,
      left.kind === 'const' ? 'const' : left.kind,
    );
    return out.join(' ');
  }

  protected switch(node: AnyNode & { type: 'SwitchStatement' }): string {
    const held = this.local();
    const value = this.value(node.discriminant as AnyNode);
    const on = any(held);
    this.scopes.push(new Map());
    const cases = node.cases.map((one) => {
      const head = one.test
        ? `case ${this.operation('===', on, this.expression(one.test as AnyNode)).text}:`
        : 'default:';
      return `${head} ${this.statements(one.consequent as AnyNode[])}`;
    });
    this.scopes.pop();
    return `${held} = ${value}; switch (true) { ${cases.join(' ')} }`;
  }
}
