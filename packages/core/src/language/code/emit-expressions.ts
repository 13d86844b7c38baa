import type { AnyNode, Function as FunctionNode, Node } from 'acorn';
import { nearest } from '../diagnostics/nearest.ts';
import {
  binaryOperators,
  globalConstant,
  isGlobalFunction,
  namespaces,
  refusedNames,
  unaryOperators,
} from './allowed.ts';
import { any, eitherKind, list, primitive, scalar, word } from './kinds.ts';
import type { Emitted } from './kinds.ts';
import { stringText } from './print-code.ts';
import { JAVASCRIPT_WORLD, hasOptional, staticKey, staticName } from './tree-names.ts';
import { CallEmitter } from './emit-calls.ts';
import { WORD_MAX } from './emit-operators.ts';

/** Writes expressions anew. */
export abstract class ExpressionEmitter extends CallEmitter {
  /** The text of an expression that is used as a value: an event becomes one. */
  value(node: AnyNode): string {
    return this.asValue(this.expression(node));
  }

  expression(node: AnyNode): Emitted {
    const isLeaning = node.type === 'BinaryExpression' || node.type === 'LogicalExpression';
    if (!isLeaning) this.deeper(node);
    const round = this.rounds.at(-1);
    if (round !== undefined) round.expressions++;
    const emitted = this.expressionText(node);
    if (!isLeaning) this.depth--;
    return emitted;
  }

  /** What the clause itself gives a meaning to; null: plain JavaScript. */
  protected own(_node: AnyNode): Emitted | null {
    return null;
  }

  protected expressionText(node: AnyNode): Emitted {
    const own = this.own(node);
    if (own !== null) return own;
    switch (node.type) {
      case 'Literal':
        return this.literal(node);
      case 'TemplateLiteral':
        return this.template(node);
      case 'Identifier':
        return this.identifier(node);
      case 'MemberExpression':
        return this.member(node, (emitted) => emitted);
      case 'CallExpression':
        return this.call(node, (emitted) => emitted);
      case 'ChainExpression':
        return this.chain(node.expression as AnyNode, (emitted) => emitted);
      case 'UnaryExpression':
        if (!unaryOperators.has(node.operator))
          return this.refuse(
            node,
            'E301',
            `\`${node.operator}\` is not part of the JavaScript of rules`,
          );
        return this.unary(node.operator, this.expression(node.argument as AnyNode));
      case 'BinaryExpression':
        return this.binary(node);
      case 'LogicalExpression': {
        const left = this.expression(node.left as AnyNode);
        const right = this.expression(node.right as AnyNode);
        return {
          text: `(${this.asValue(left)} ${node.operator} ${this.asValue(right)})`,
          kind: eitherKind(left.kind, right.kind),
        };
      }
      case 'ConditionalExpression': {
        const test = this.value(node.test as AnyNode);
        const then = this.expression(node.consequent as AnyNode);
        const other = this.expression(node.alternate as AnyNode);
        return {
          text: `(${test} ? ${this.asValue(then)} : ${this.asValue(other)})`,
          kind: eitherKind(then.kind, other.kind),
        };
      }
      case 'AssignmentExpression':
        return this.assignment(node);
      case 'UpdateExpression':
        return this.update(node);
      case 'ArrayExpression':
        this.allocates(48 + 8 * node.elements.length);
        return list(this.listText(node));
      case 'ObjectExpression':
        this.allocates(64 + 24 * node.properties.length);
        return any(
          `({ ${node.properties.map((property) => this.property(property as AnyNode)).join(', ')} })`,
        );
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        this.allocates(128);
        return any(`(${this.functionText(node as FunctionNode, [])})`);
      default:
        return this.refuseNode(node);
    }
  }

  /** An expression whose value nobody reads. */
  protected effect(node: AnyNode): string {
    return this.value(node);
  }

  protected literal(node: AnyNode & { type: 'Literal' }): Emitted {
    if (node.regex)
      return this.refuse(
        node,
        'E301',
        'a regular expression stands before .test(…) only',
        'utils.find(text, "pattern")',
      );
    if (node.value === null || typeof node.value === 'boolean') return scalar(String(node.value));
    if (typeof node.value === 'string')
      return node.value.length <= WORD_MAX
        ? word(stringText(node.value))
        : primitive(stringText(node.value));
    if (typeof node.value === 'number')
      return scalar(Number.isFinite(node.value) ? String(node.value) : 'Infinity');
    return this.refuse(node, 'E301', 'rules have no big integers');
  }

  protected identifier(node: AnyNode & { type: 'Identifier' }): Emitted {
    const known = this.lookup(node.name);
    if (known?.kind === 'match')
      return this.refuse(
        node,
        'E312',
        'a match is read by the names of its steps',
        `${node.name}.step`,
      );
    if (known !== undefined) return { text: `u$${node.name}`, kind: known.kind };
    if (node.name === 'undefined' || node.name === 'NaN' || node.name === 'Infinity')
      return scalar(CONSTANTS[node.name]!);
    if (this.names === 'fields' && this.role === 'event' && !this.isWord(node.name))
      return this.eventPath('u$event', [node.name], node);
    return this.unknown(node);
  }

  protected isWord = (name: string): boolean =>
    name === 'utils' || namespaces.has(name) || isGlobalFunction(name);

  protected unknown(node: AnyNode & { type: 'Identifier' }): Emitted {
    const { name } = node;
    if (this.isWord(name))
      return this.refuse(node, 'E302', `\`${name}\` can be called or asked, not handed on`);
    if (name === 'tables') return this.refuse(node, 'E181', 'tables.put is not built yet');
    if (['firstSeen', 'rare', 'baseline'].includes(name))
      return this.refuse(node, 'E188', `${name} is not built yet`);
    if (refusedNames.has(name))
      return this.refuse(node, 'E303', `\`${name}\` leads out of the rule`);
    const guess = nearest(name, [
      ...this.scopes.flatMap((scope) => [...scope.keys()]),
      'utils',
      'Math',
    ]);
    const hint = this.lookup('event') !== undefined ? `event.${name}` : guess;
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
  protected staticChain(node: AnyNode): { root: AnyNode; steps: string[] } {
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

  protected eventPath(event: string, steps: readonly string[], _node: Node): Emitted {
    // `event.fields` is the event itself.
    const path = steps[0] === 'fields' ? steps.slice(1) : steps;
    if (path.length === 0) return { text: event, kind: 'event' };
    const reads = this.readsRows ? `${event}?.get` : `${event}.get`;
    const text = `${reads}(${this.slot(path)})`;
    if (path.length < 2 || path.at(-1) !== 'length') return any(text);
    return any(`H.lengthOr(${text}, ${reads}(${this.slot(path.slice(0, -1))}))`);
  }

  /** The root of a chain, if the chain is read as a path of an event: its text and kind. */
  protected pathRoot(root: AnyNode): Emitted | null {
    if (root.type === 'Identifier') {
      const known = this.lookup(root.name);
      if (known !== undefined)
        return known.kind === 'event' || known.kind === 'copy' || known.kind === 'events'
          ? { text: `u$${root.name}`, kind: known.kind }
          : null;
      return null;
    }
    return null;
  }

  protected member(
    node: AnyNode & { type: 'MemberExpression' },
    next: (emitted: Emitted) => Emitted,
  ): Emitted {
    const constant = this.namespaceConstant(node);
    if (constant !== null) return next(constant);
    const { root, steps } = this.staticChain(node);
    const ofMatch = this.matchRoot(root, steps, node);
    if (ofMatch !== null) return next(ofMatch);
    if (steps.length > 0) {
      const fields = this.fieldsRoot(root, steps, node);
      if (fields !== null) return next(fields);
      const known =
        this.pathRoot(root) ??
        (this.readsRows && root.type !== 'Identifier' && !hasOptional(node)
          ? this.rootOfEvents(root)
          : null);
      if (known !== null && known.kind !== 'events') return next(this.readPath(known, steps, node));
      if (known !== null && steps.length === 1 && steps[0] === 'length')
        return next(scalar(`${known.text}.length`));
      if (known === null && this.readsRows && steps.length > 1 && !hasOptional(node))
        return next(
          any(`H.path(${this.value(root)}, ${this.constant(JSON.stringify(steps), 'c')})`),
        );
    }
    const name = staticName(node);
    return this.chain(node.object as AnyNode, (object) => {
      const read = (from: Emitted): Emitted => {
        if ((from.kind === 'events' || from.kind === 'list') && name === 'length')
          return scalar(`${from.text}.length`);
        if (from.kind === 'event' && name !== null) return this.eventPath(from.text, [name], node);
        if (from.kind === 'event') {
          this.readsWhole = true;
          return any(`H.get(${from.text}, ${this.value(node.property as AnyNode)})`);
        }
        // An element of the list of events is an event.
        const kind = from.kind === 'events' ? 'event' : 'any';
        if (name !== null) return { text: this.field(from.text, name), kind };
        return { text: this.element(from, this.expression(node.property as AnyNode)), kind };
      };
      return node.optional ? this.optional(object, (from) => next(read(from))) : next(read(object));
    });
  }

  /** `match.step.field`, as far as it is read by name; null: it is no such chain. */
  protected matchRoot(root: AnyNode, steps: readonly string[], node: Node): Emitted | null {
    if (root.type !== 'Identifier' || this.lookup(root.name)?.kind !== 'match') return null;
    const [name, ...rest] = steps;
    if (name === undefined) return null;
    const kind = this.steps.get(name);
    if (kind === undefined)
      return this.refuse(
        node,
        'E312',
        `no step is called ${name}`,
        nearest(name, [...this.steps.keys()]),
      );
    this.readsMatch = true;
    const held: Emitted = { text: `H.get(u$${root.name}, ${stringText(name)})`, kind };
    if (rest.length === 0) return held;
    if (kind === 'event') return this.readPath(held, rest, node);
    if (rest.length === 1 && rest[0] === 'length') return scalar(`${held.text}.length`);
    if (!/^\d+$/.test(rest[0]!))
      return this.refuse(node, 'E312', `match.${name} is a list of events`, `match.${name}.at(-1)`);
    const one: Emitted = { text: `H.get(${held.text}, ${rest[0]})`, kind: 'event' };
    return rest.length === 1 ? one : this.readPath(one, rest.slice(1), node);
  }

  protected rootOfEvents(root: AnyNode): Emitted | null {
    const before = this.problems.length;
    const emitted = this.expression(root);
    if (this.problems.length > before) return emitted;
    return emitted.kind === 'event' || emitted.kind === 'events' ? emitted : null;
  }

  protected readPath(root: Emitted, steps: readonly string[], node: Node): Emitted {
    if (root.kind === 'event') return this.eventPath(root.text, steps, node);
    const path = steps[0] === 'fields' ? steps.slice(1) : steps;
    if (path.length === 0) return root;
    const read = (of: readonly string[]): string =>
      `H.read(${root.text}, ${this.constant(JSON.stringify(of), 'c')})`;
    if (path.length > 1 && path.at(-1) === 'length')
      return any(`H.lengthOr(${read(path)}, ${read(path.slice(0, -1))})`);
    return any(read(path));
  }

  /** In WHERE a bare name is a field, and so is what follows it. */
  protected fieldsRoot(root: AnyNode, steps: readonly string[], node: Node): Emitted | null {
    const isField =
      this.names === 'fields' &&
      this.role === 'event' &&
      root.type === 'Identifier' &&
      this.lookup(root.name) === undefined &&
      !this.isWord(root.name);
    return isField ? this.eventPath('u$event', [root.name, ...steps], node) : null;
  }

  protected namespaceConstant(node: AnyNode & { type: 'MemberExpression' }): Emitted | null {
    if (
      node.object.type !== 'Identifier' ||
      !namespaces.has(node.object.name) ||
      this.lookup(node.object.name) !== undefined
    )
      return null;
    const name = staticName(node) ?? '';
    const constant = globalConstant(`${node.object.name}_${name}`);
    if (constant === undefined)
      return this.refuse(node, 'E302', `${node.object.name}.${name} is not known`);
    return scalar(String(constant));
  }

  /** Goes through an optional chain from its root, so that all of it is left out where a `?.` meets nothing. */
  protected chain(node: AnyNode, next: (emitted: Emitted) => Emitted): Emitted {
    const own = this.own(node);
    if (own !== null) return next(own);
    if (node.type === 'MemberExpression') return this.member(node, next);
    if (node.type === 'CallExpression') return this.call(node, next);
    return next(this.expression(node));
  }

  protected optional(from: Emitted, next: (emitted: Emitted) => Emitted): Emitted {
    const held = this.local();
    const rest = this.asValue(next({ text: held, kind: from.kind }));
    return any(`((${held} = ${from.text}) === (void 0) || ${held} === null ? (void 0) : ${rest})`);
  }

  // ---- the rest --------------------------------------------------------------------------------------------------

  protected binary(node: AnyNode & { type: 'BinaryExpression' }): Emitted {
    const { operator } = node;
    if (!binaryOperators.has(operator) || node.left.type === 'PrivateIdentifier')
      return this.refuse(node, 'E301', `\`${operator}\` is not part of the JavaScript of rules`);
    if (operator === 'in') return this.in(node);
    return this.operation(
      operator,
      this.expression(node.left as AnyNode),
      this.expression(node.right as AnyNode),
    );
  }

  protected in(node: AnyNode & { type: 'BinaryExpression' }): Emitted {
    const object = this.expression(node.right as AnyNode);
    const name =
      node.left.type === 'Literal' && typeof node.left.value === 'string' ? node.left.value : null;
    if (object.kind === 'event' && name !== null)
      return scalar(`(${this.eventPath(object.text, [name], node).text} !== (void 0))`);
    if (object.kind === 'event') this.readsWhole = true;
    return scalar(
      `H.has(${object.kind === 'event' ? object.text : this.asValue(object)}, ${this.value(node.left as AnyNode)})`,
    );
  }

  protected assignment(node: AnyNode & { type: 'AssignmentExpression' }): Emitted {
    const target = node.left as AnyNode;
    const operator = node.operator.slice(0, -1);
    if (target.type === 'ObjectPattern' || target.type === 'ArrayPattern')
      return this.refuse(target, 'E301', 'assign one name at a time');
    if (operator === '') {
      const value = this.expression(node.right as AnyNode);
      return {
        text: this.assign(target, this.asValue(value)),
        kind: eitherKind(value.kind, value.kind),
      };
    }
    const combine = (old: Emitted): Emitted => {
      const value = this.expression(node.right as AnyNode);
      if (operator !== '&&' && operator !== '||' && operator !== '??')
        return this.operation(operator, old, value);
      return any(`(${this.asValue(old)} ${operator} ${this.asValue(value)})`);
    };
    if (target.type === 'MemberExpression') {
      const { sets, object, name } = this.heldTarget(target);
      return any(
        `(${sets}${this.written(object, name, this.asValue(combine(any(this.held(object, name)))))})`,
      );
    }
    const combined = combine(this.expression(target));
    return { text: this.assign(target, this.asValue(combined)), kind: combined.kind };
  }

  /** A field that is read and written: its object and its name are asked for once. */
  protected heldTarget(node: AnyNode & { type: 'MemberExpression' }): {
    readonly sets: string;
    readonly object: string;
    readonly name: string;
  } {
    const [of, at] = [this.local(), this.local()];
    const { object, name } = this.target(node);
    const isNamed = staticName(node) !== null;
    return {
      sets: `${of} = ${object}, ${isNamed ? '' : `${at} = ${name}, `}`,
      object: of,
      name: isNamed ? name : at,
    };
  }

  /** `object, name` of a field that is written. */
  protected target(node: AnyNode & { type: 'MemberExpression' }): {
    readonly object: string;
    readonly name: string;
  } {
    const object = this.expression(node.object as AnyNode);
    const name = staticName(node);
    if (name !== null && refusedNames.has(name))
      this.refuse(node.property, 'E303', `\`${name}\` leads out of the data`);
    if (object.kind === 'event' || object.kind === 'events')
      this.refuse(node, 'E305', 'events are read-only here', 'return new fields instead');
    return {
      object: object.text,
      name: name === null ? this.value(node.property as AnyNode) : stringText(name),
    };
  }

  protected assign(target: AnyNode, value: string): string {
    if (target.type === 'MemberExpression') {
      const { sets, object, name } = this.heldTarget(target);
      return `(${sets}${this.written(object, name, value)})`;
    }
    if (target.type !== 'Identifier') {
      this.refuse(target, 'E301', 'this cannot be assigned to');
      return 'undefined';
    }
    const known = this.lookup(target.name);
    if (known === undefined) this.unknown(target);
    else if (known.isFixed)
      this.refuse(target, 'E305', `\`${target.name}\` cannot be given another value`);
    return `(u$${target.name} = ${value})`;
  }

  protected update(node: AnyNode & { type: 'UpdateExpression' }): Emitted {
    const target = node.argument as AnyNode;
    const by = node.operator === '++' ? '+ 1' : '- 1';
    if (target.type === 'MemberExpression') {
      const { sets, object, name } = this.heldTarget(target);
      const old = this.numeric(any(this.held(object, name)));
      if (node.prefix) return scalar(`(${sets}${this.written(object, name, `${old} ${by}`)})`);
      const held = this.local();
      const written = this.written(object, name, `${held} ${by}`);
      return scalar(`(${sets}${held} = ${old}, ${written}, ${held})`);
    }
    if (target.type !== 'Identifier') return this.refuse(node, 'E301', 'this cannot be counted up');
    const known = this.lookup(target.name);
    if (known === undefined) return this.unknown(target);
    if (known.isFixed)
      return this.refuse(target, 'E305', `\`${target.name}\` cannot be given another value`);
    const name = `u$${target.name}`;
    if (known.kind === 'scalar')
      return scalar(node.prefix ? `(${node.operator}${name})` : `(${name}${node.operator})`);
    const old = this.numeric(any(name));
    if (node.prefix) return scalar(`(${name} = ${old} ${by})`);
    const held = this.local();
    return scalar(`(${held} = ${old}, ${name} = ${held} ${by}, ${held})`);
  }

  protected listElement(element: AnyNode | null, list: Node): string {
    if (element === null) {
      this.refuse(list, 'E301', 'an element of the list is missing');
      return 'undefined';
    }
    return this.value(element);
  }

  protected property(node: AnyNode): string {
    if (node.type === 'SpreadElement')
      return `...H.spreadFields(${this.value(node.argument as AnyNode)})`;
    if (node.type !== 'Property' || node.kind !== 'init' || node.method) {
      this.refuse(node, 'E301', 'an object holds plain fields here');
      return 'a: 0';
    }
    const value = this.value(node.value as AnyNode);
    if (node.computed) return `[H.key(${this.value(node.key as AnyNode)})]: ${value}`;
    const name = staticKey(node.key as AnyNode) ?? '';
    if (!refusedNames.has(name)) return `${stringText(name)}: ${value}`;
    this.refuse(node.key, 'E303', `a field may not be called ${name}`);
    return `[H.key(${stringText(name)})]: ${value}`;
  }
}

const CONSTANTS: Readonly<Record<string, string>> = {
  undefined: '(void 0)',
  NaN: 'NaN',
  Infinity: 'Infinity',
};
