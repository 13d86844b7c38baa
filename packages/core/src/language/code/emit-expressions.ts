import type { AnyNode, ArrowFunctionExpression, Function as FunctionNode, Node } from 'acorn';
import { SHORT_TEXT } from '../../functions/budget.ts';
import { libraryByName } from '../../functions/index.ts';
import { methodNames } from '../../functions/methods.ts';
import { refusePattern } from '../../functions/patterns.ts';
import { nearest } from '../diagnostics/nearest.ts';
import {
  binaryOperators,
  globalConstant,
  inheritedNames,
  isGlobalFunction,
  namespaces,
  refusedNames,
  unaryOperators,
} from './allowed.ts';
import {
  any,
  CALLBACK_KINDS,
  eitherKind,
  list,
  NEW_LISTS,
  ownOf,
  SHORT_TEXT_METHODS,
  EVENT_LIST_METHODS,
  primitive,
  scalar,
  word,
} from './kinds.ts';
import type { Emitted, Kind } from './kinds.ts';
import { stringText } from './print-code.ts';
import {
  JAVASCRIPT_WORLD,
  hasOptional,
  isFunction,
  staticKey,
  staticName,
  templateText,
} from './tree-names.ts';
import { EmitterState } from './emitter-state.ts';

/** Writes expressions anew. */
export abstract class ExpressionEmitter extends EmitterState {
  /** A function whose parameters are of these kinds. */
  protected abstract functionText(
    node: FunctionNode | ArrowFunctionExpression,
    kinds: readonly Kind[],
  ): string;

  /** The text of an expression that is used as a value: an event becomes one. */
  value(node: AnyNode): string {
    return this.asValue(this.expression(node));
  }

  protected asValue({ text, kind }: Emitted): string {
    if (kind !== 'event' && kind !== 'events') return text;
    this.readsWhole = true;
    // In HAVING the reader itself is handed on; the library reads through it.
    return kind === 'event' && !this.readsRows ? `${text}.whole()` : text;
  }

  expression(node: AnyNode): Emitted {
    const isLeaning = node.type === 'BinaryExpression' || node.type === 'LogicalExpression';
    if (!isLeaning) this.deeper(node);
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
        this.allocates(32 + 8 * node.elements.length);
        return list(this.listText(node));
      case 'ObjectExpression':
        this.allocates(64 + 16 * node.properties.length);
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

  /** A field that is named in the code. Where no value can have the name without holding it, JavaScript reads it itself. */
  protected field(object: string, name: string): string {
    if (this.readersAreValues || (inheritedNames.has(name) && name !== 'length' && name !== 'name'))
      return `H.get(${object}, ${stringText(name)})`;
    if (!inheritedNames.has(name)) return `(${object})?.[${stringText(name)}]`;
    const held = this.local();
    const type = name === 'name' ? 'object' : 'string';
    return `(typeof (${held} = ${object}) === "${type}" ? ${held}?.${name} : H.get(${held}, "${name}"))`;
  }

  /** A field whose name is computed. No value has anything under a number but what it holds. */
  protected element(from: Emitted, name: Emitted): string {
    const key = this.asValue(name);
    if ((from.kind === 'events' || from.kind === 'list') && name.kind === 'scalar')
      return `${from.text}?.[${key}]`;
    if (this.readersAreValues && from.kind !== 'events' && from.kind !== 'list')
      return `H.get(${from.text}, ${key})`;
    const [of, at] = [this.local(), this.local()];
    return `(${of} = ${from.text}, ${at} = ${key}, ${this.held(of, at, name.kind === 'scalar')})`;
  }

  /** A field of a value, both of which have been asked for. */
  protected held(of: string, at: string, isScalar = false): string {
    if (this.readersAreValues) return `H.get(${of}, ${at})`;
    const held = this.local();
    const isName = isScalar ? '' : ` || ${isShortName(at)}`;
    return `(typeof ${of} === "object" && ${of} !== null && (typeof ${at} === "number"${isName}) && typeof (${held} = ${of}[${at}]) !== "function" ? ${held} : H.get(${of}, ${at}))`;
  }

  /**
   * A field is given a value. Where it is there already, JavaScript does it: nothing grows, and what is frozen says so. (No
   * value inherits anything but functions, and `__proto__`; a list's `length` is a field that is not set like others.)
   */
  protected written(of: string, at: string, value: string): string {
    if (this.readersAreValues) return `H.set(${of}, ${at}, ${value})`;
    const [to, held] = [this.local(), this.local()];
    const isName = `(typeof ${at} === "number" || ${isShortName(at)} && ${at} !== "length")`;
    return `(${to} = ${value}, typeof ${of} === "object" && ${of} !== null && ${isName} && (${held} = ${of}[${at}]) !== (void 0) && typeof ${held} !== "function" ? (${of}[${at}] = ${to}) : H.set(${of}, ${at}, ${to}))`;
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

  // ---- calls -----------------------------------------------------------------------------------------------------

  protected call(
    node: AnyNode & { type: 'CallExpression' },
    next: (emitted: Emitted) => Emitted,
  ): Emitted {
    const target = node.callee as AnyNode;
    if (node.optional)
      return this.refuse(
        node,
        'E301',
        'a function is called or not; `?.(` is not part of the JavaScript of rules',
      );
    if (target.type === 'Identifier') return next(this.callNamed(target, node));
    if (target.type !== 'MemberExpression') return next(any(this.invoke(this.value(target), node)));
    const name = staticName(target);
    if (name === null)
      return this.refuse(target.property, 'E301', 'a method is called by its name');
    if (refusedNames.has(name))
      return this.refuse(target.property, 'E303', `\`${name}\` leads out of the data`);
    const object = target.object as AnyNode;
    const { root } = this.staticChain(object);
    if (root.type === 'Identifier' && root.name === 'tables' && this.lookup('tables') === undefined)
      return this.refuse(target, 'E181', 'tables.put is not built yet');
    if (object.type === 'Identifier' && this.lookup(object.name) === undefined) {
      if (object.name === 'utils') return next(this.callUtils(name, target, node));
      if (object.name === 'tables')
        return this.refuse(target, 'E181', 'tables.put is not built yet');
      if (JAVASCRIPT_WORLD.has(object.name)) return this.unknown(object);
      if (namespaces.has(object.name))
        return next(
          this.callGlobal(`${object.name}_${name}`, `${object.name}.${name}`, target, node),
        );
    }
    if (object.type === 'Literal' && object.regex)
      return next(this.test(object.regex, name, target, node));
    if (!methodNames.has(name)) {
      const guess = nearest(name, [...methodNames]);
      return this.refuse(target.property, 'E304', `there is no method ${name}`, guess);
    }
    return this.chain(object, (receiver) => {
      const call = (from: Emitted): Emitted => next(this.callMethod(from, name, node));
      return target.optional ? this.optional(receiver, call) : call(receiver);
    });
  }

  protected callMethod(
    receiver: Emitted,
    name: string,
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    const ofEvents = receiver.kind === 'events' ? ownOf(EVENT_LIST_METHODS, name) : undefined;
    if (ofEvents !== undefined) {
      const [first, ...rest] = node.arguments as AnyNode[];
      // What is a list of events stays as it is.
      const renamed = ownOf(ON_EVENTS, name) ?? name;
      if (name === 'reduce' && rest.length === 0) this.readsWhole = true;
      const values = (node.arguments as AnyNode[]).map((argument, i) => {
        const isCallback = i === 0 && ofEvents.callback !== null && isFunction(argument);
        if (isCallback) return this.functionText(argument as FunctionNode, ofEvents.callback!);
        // A function that was declared elsewhere gets events as values.
        if (i === 0 && ofEvents.callback !== null) this.readsWhole = true;
        return this.spread(argument, VALUES_MAX);
      });
      if (
        ofEvents.callback !== null &&
        first === undefined &&
        name !== 'sort' &&
        name !== 'toSorted'
      )
        this.refuse(node, 'E304', `${name} needs a function`);
      return {
        text: `${this.method(renamed)}(${[receiver.text, ...values].join(', ')})`,
        kind: ofEvents.gives,
      };
    }
    if (receiver.kind === 'event')
      return this.refuse(node, 'E304', `an event has no method ${name}`);
    if (receiver.kind === 'events' && CHANGES.has(name))
      return this.refuse(node, 'E305', 'the list of events is read-only', '[...events]');
    const [first, ...rest] = node.arguments as AnyNode[];
    const kinds = ownOf(CALLBACK_KINDS, name);
    const known = kinds === undefined || first === undefined ? null : this.knownCallback(first);
    if (known !== null) return any(`${this.method(name)}(${this.asValue(receiver)}, ${known})`);
    const values =
      first !== undefined && isFunction(first) && kinds !== undefined
        ? [
            this.functionText(first as FunctionNode, kinds),
            ...rest.map((one) => this.spread(one, VALUES_MAX)),
          ]
        : (node.arguments as AnyNode[]).map((one) => this.spread(one, VALUES_MAX));
    const own = receiver.kind === 'list' ? this.onOwnList(receiver.text, name, node) : null;
    if (own !== null) return own;
    const text = this.onShortText(receiver, name, node.arguments as AnyNode[], values);
    return NEW_LISTS.has(name) ? list(text) : any(text);
  }

  /** What changes a list that the rule made itself, and costs the same whatever its length. */
  protected onOwnList(
    receiver: string,
    name: string,
    { arguments: given }: AnyNode & { type: 'CallExpression' },
  ): Emitted | null {
    if (name !== 'push' || given.some(({ type }) => type === 'SpreadElement')) return null;
    this.allocates(40 * given.length);
    const values = given.map((one) => this.value(one as AnyNode));
    return scalar(`${receiver}.push(${values.join(', ')})`);
  }

  /** JavaScript runs a method by itself where the text is short and what it is given cannot be asked anything. */
  protected onShortText(
    receiver: Emitted,
    name: string,
    nodes: readonly AnyNode[],
    values: readonly string[],
  ): string {
    const text = this.asValue(receiver);
    const bytes = ownOf(SHORT_TEXT_METHODS, name);
    const isPlain = nodes.every(
      (node) => node.type === 'Literal' && !node.regex && String(node.value).length <= WORD_MAX,
    );
    if (bytes === undefined || !isPlain)
      return `${this.method(name)}(${[text, ...values].join(', ')})`;
    if (bytes > 0) this.allocates(bytes);
    const held = this.local();
    const asked = `${this.method(name)}(${[held, ...values].join(', ')})`;
    return `(typeof (${held} = ${text}) === "string" && ${held}.length <= ${WORD_MAX} ? ${held}.${name}(${values.join(', ')}) : ${asked})`;
  }

  /** `list.map(Number)`: a known function of one value, where it is handed on to be called at once. */
  protected knownCallback(node: AnyNode): string | null {
    const isName = node.type === 'Identifier' && this.lookup(node.name) === undefined;
    if (!isName || !OF_ONE_VALUE.has(node.name)) return null;
    const held = this.temporary();
    return `(${held}) => { if ((B[0] -= 1) < 0) X(); return H.f.${node.name}(${held}); }`;
  }

  protected method = (name: string): string => this.constant(`H.m.${name}`, 'm');

  /** A call of what should be a function of the rule: no other one can be a value. */
  protected invoke(target: string, node: AnyNode & { type: 'CallExpression' }): string {
    const held = this.local();
    return `(typeof (${held} = ${target}) === "function" ? ${held}(${this.arguments(node, OWN_VALUES_MAX)}) : H.invoke(${held}))`;
  }

  protected callNamed(
    target: AnyNode & { type: 'Identifier' },
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    if (this.lookup(target.name) !== undefined) return any(this.invoke(`u$${target.name}`, node));
    if (isGlobalFunction(target.name) && !target.name.includes('_'))
      return this.callGlobal(target.name, target.name, target, node);
    this.unknown(target);
    return any('undefined');
  }

  protected callGlobal(
    key: string,
    name: string,
    target: Node,
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    if (!isGlobalFunction(key)) return this.refuse(target, 'E302', `${name} is not known here`);
    const values = node.arguments as AnyNode[];
    if (key === 'JSON_stringify' && values.length > 1)
      return this.refuse(values[1]!, 'E304', 'JSON.stringify takes one value here');
    if (key.startsWith('Math_') && !values.some(({ type }) => type === 'SpreadElement')) {
      const numbers = values.map((value) => this.numeric(this.expression(value)));
      // A number that is no small integer is an object until V8 has optimised.
      this.allocates(24);
      return scalar(`${this.constant(`H.n.${key.slice(5)}`, 'n')}(${numbers.join(', ')})`);
    }
    const emitted = `H.f.${key}(${this.arguments(node, VALUES_MAX)})`;
    if (key.startsWith('Object_')) return list(emitted);
    if (key.startsWith('JSON_')) return any(emitted);
    return key === 'String' ? primitive(emitted) : scalar(emitted);
  }

  protected callUtils(
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
    const [value, ...others] = node.arguments as AnyNode[];
    const constants = others.map(constantText);
    const isReady =
      libraryByName.get(name)!.prepare !== null &&
      value !== undefined &&
      value.type !== 'SpreadElement' &&
      !constants.includes(null);
    if (!isReady) return any(`H.u.${name}(${this.arguments(node, VALUES_MAX)})`);
    if (PATTERN_FUNCTIONS.has(name)) this.refusePatterns(others);
    const held = this.prepared(
      `H.prepare(${[stringText(name), ...constants].join(', ')})`,
      stringText(name),
      constants as string[],
    );
    return any(`${held}(${this.value(value)})`);
  }

  /**
   * The name of a test that is made once. Where it is asked at most once in a call it costs as much as the rule's text is
   * long for each character of the event's, which is what the rule asks for; in loops and functions it is charged.
   */
  protected prepared(made: string, name: string, constants: readonly string[]): string {
    const ready = this.constant(made, 'p');
    if (this.rounds.length === 0) return ready;
    return this.constant(`H.charged(${[name, ready, ...constants].join(', ')})`, 'q');
  }

  /** Patterns that are written out are looked at when the rule is compiled. */
  protected refusePatterns([pattern, flags]: readonly AnyNode[]): void {
    const flagsText = flags?.type === 'Literal' ? String(flags.value) : '';
    const patterns = pattern?.type === 'ArrayExpression' ? pattern.elements : [pattern];
    for (const one of patterns) {
      if (one?.type !== 'Literal' || typeof one.value !== 'string') continue;
      const refused = refusePattern(one.value, flagsText);
      if (refused !== null) this.refuse(one, 'E306', refused);
    }
  }

  protected test(
    regex: { pattern: string; flags: string },
    method: string,
    target: AnyNode & { type: 'MemberExpression' },
    node: AnyNode & { type: 'CallExpression' },
  ): Emitted {
    if (method !== 'test' || node.arguments.length !== 1)
      return this.refuse(target, 'E304', 'a regular expression has test(text) here');
    const refused = refusePattern(regex.pattern, regex.flags);
    if (refused !== null) return this.refuse(target.object, 'E306', refused);
    const source = [stringText(regex.pattern), stringText(regex.flags)];
    const held = this.prepared(`H.pattern(${source.join(', ')})`, '"find"', source);
    return scalar(`${held}(${this.value(node.arguments[0] as AnyNode)})`);
  }

  protected arguments(node: AnyNode & { type: 'CallExpression' }, most: number): string {
    return (node.arguments as AnyNode[]).map((argument) => this.spread(argument, most)).join(', ');
  }

  /** A value of a call; of those spread out at most so many, since they lie on the machine's stack. */
  protected spread(node: AnyNode, most: number): string {
    if (node.type !== 'SpreadElement') return this.value(node);
    return `...H.spreadValues(${this.value(node.argument as AnyNode)}, ${most})`;
  }

  /** What is spread out is put into a list at once: one element at a time each costs 130 bytes until V8 has optimised. */
  protected listText(node: AnyNode & { type: 'ArrayExpression' }): string {
    const parts: string[] = [];
    let run: string[] = [];
    const endRun = (): void => {
      if (run.length > 0) parts.push(`[${run.join(', ')}]`);
      run = [];
    };
    for (const element of node.elements as (AnyNode | null)[]) {
      if (element?.type !== 'SpreadElement') run.push(this.listElement(element, node));
      else {
        endRun();
        parts.push(`H.spreadList(${this.value(element.argument as AnyNode)})`);
      }
    }
    endRun();
    if (parts.length < 2) return parts[0] ?? '[]';
    return `H.joinedLists(${parts.join(', ')})`;
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

  /** `a + b` and its like. What could take long or call something is left to the library. */
  protected operation(operator: string, left: Emitted, right: Emitted): Emitted {
    if (operator === '+') return this.sum(left, right);
    if (!COMPARISONS.has(operator))
      return scalar(`(${this.numeric(left)} ${operator} ${this.numeric(right)})`);
    const [a, b] = [this.asValue(left), this.asValue(right)];
    const plain = scalar(`(${a} ${operator} ${b})`);
    const isQuick = (kind: Kind): boolean => kind === 'scalar' || kind === 'word';
    if (isQuick(left.kind) && isQuick(right.kind)) return plain;
    if (operator === '===' || operator === '!==') {
      if (isQuick(left.kind) || isQuick(right.kind)) return plain;
      const [x, y] = [this.local(), this.local()];
      const not = operator === '===' ? '' : '!';
      return scalar(
        `(${x} = ${a}, ${y} = ${b}, typeof ${x} === "string" && ${x}.length > ${WORD_MAX} ? ${not}H.same(${x}, ${y}) : ${x} ${operator} ${y})`,
      );
    }
    const isLoose = operator === '==' || operator === '!=';
    if (isLoose && (isNothing(left) || isNothing(right))) return plain;
    return scalar(this.comparison(operator, isLoose, [left, a], [right, b]));
  }

  /** JavaScript compares by itself what is short and no object; the rest is compared by the library. */
  protected comparison(
    operator: string,
    isLoose: boolean,
    ...sides: readonly [emitted: Emitted, text: string][]
  ): string {
    const tests: string[] = [];
    const sets: string[] = [];
    const isBesideWord = isLoose && sides.some(([{ kind }]) => kind === 'word');
    const values = sides.map(([{ kind }, text]) => {
      if (kind === 'scalar' || kind === 'word') return text;
      const held = this.local();
      sets.push(`${held} = ${text}, `);
      // A text that is compared with a short one for being the same is only read if it is as short.
      tests.push(
        isBesideWord
          ? `typeof ${held} !== "object"`
          : `(typeof ${held} === "string" ? ${held}.length <= ${WORD_MAX} : typeof ${held} !== "object")`,
      );
      return held;
    });
    const compared = values.join(` ${operator} `);
    const asked = `${operator === '!=' ? '!' : ''}H.${COMPARISON_NAMES[operator]}(${values.join(', ')})`;
    return `(${sets.join('')}${tests.join(' && ')} ? ${compared} : ${asked})`;
  }

  protected sum(left: Emitted, right: Emitted): Emitted {
    const [a, b] = [this.asValue(left), this.asValue(right)];
    if (left.kind === 'scalar' && right.kind === 'scalar') return scalar(`(${a} + ${b})`);
    if (left.kind === 'word' || right.kind === 'word') return primitive(`H.add(${a}, ${b})`);
    const [x, y] = [this.local(), this.local()];
    return primitive(
      `(${x} = ${a}, ${y} = ${b}, typeof ${x} === "number" && typeof ${y} === "number" ? ${x} + ${y} : H.add(${x}, ${y}))`,
    );
  }

  /** The text of an operand of arithmetic: a number, or what JavaScript makes one of at no cost. */
  protected numeric(emitted: Emitted): string {
    if (emitted.kind === 'scalar' || emitted.kind === 'word') return emitted.text;
    const held = this.local();
    return `(typeof (${held} = ${this.asValue(emitted)}) === "number" ? ${held} : H.number(${held}))`;
  }

  protected unary(operator: string, argument: Emitted): Emitted {
    if (operator === '!') return scalar(`(! ${this.asValue(argument)})`);
    if (operator === 'typeof') return word(`(typeof ${this.asValue(argument)})`);
    return scalar(`(${operator} ${this.numeric(argument)})`);
  }

  protected template(node: AnyNode & { type: 'TemplateLiteral' }): Emitted {
    const parts = node.quasis.map(({ value }) => templateText(value.cooked ?? ''));
    const holes = node.expressions.map((one) => `\${H.text(${this.value(one as AnyNode)})}`);
    const text = `\`${parts.map((part, i) => part + (holes[i] ?? '')).join('')}\``;
    return primitive(holes.length === 0 ? text : `H.template(${text})`);
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

/** Texts up to this length are read without being charged. */
const WORD_MAX = SHORT_TEXT;

/** Values of a call that are spread out lie on the machine's stack, and where that ends is no matter of the rule's. */
const VALUES_MAX = 10_000;
/** The rule's own functions may call one another, each with so many. */
const OWN_VALUES_MAX = 200;

const CONSTANTS: Readonly<Record<string, string>> = {
  undefined: '(void 0)',
  NaN: 'NaN',
  Infinity: 'Infinity',
};

const COMPARISON_NAMES: Readonly<Record<string, string>> = {
  '==': 'equal',
  '!=': 'equal',
  '<': 'less',
  '<=': 'atMost',
  '>': 'more',
  '>=': 'atLeast',
};
const COMPARISONS: ReadonlySet<string> = new Set([...Object.keys(COMPARISON_NAMES), '===', '!==']);

/** Is it a name that cannot be what all objects share, and that costs nothing to look up? */
const isShortName = (at: string): string =>
  `typeof ${at} === "string" && ${at} !== "__proto__" && ${at}.length <= ${WORD_MAX}`;

const isNothing = ({ text }: Emitted): boolean => text === 'null' || text === '(void 0)';

/** The list of events is read-only: what would change it makes a new one. */
const ON_EVENTS: Readonly<Record<string, string>> = { sort: 'toSorted', reverse: 'toReversed' };
const CHANGES: ReadonlySet<string> = new Set(['push', 'pop', 'shift', 'unshift']);

const OF_ONE_VALUE: ReadonlySet<string> = new Set(
  'Number String Boolean parseFloat isNaN isFinite'.split(' '),
);

const PATTERN_FUNCTIONS: ReadonlySet<string> = new Set(['find', 'matches', 'findAnywhere']);

/** The text of a constant, or of a list of constants; null: it is something else. */
function constantText(node: AnyNode): string | null {
  if (node.type === 'ArrayExpression') {
    const texts = node.elements.map((one) => (one === null ? null : constantText(one as AnyNode)));
    return texts.includes(null) ? null : `[${texts.join(', ')}]`;
  }
  if (node.type !== 'Literal' || node.regex) return null;
  if (typeof node.value === 'string') return stringText(node.value);
  return typeof node.value === 'boolean' || Number.isFinite(node.value) ? String(node.value) : null;
}
