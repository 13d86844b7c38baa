import type { AnyNode, ArrowFunctionExpression, Function as FunctionNode, Node } from 'acorn';
import { libraryByName } from '../../functions/index.ts';
import { methodNames } from '../../functions/methods.ts';
import { refusePattern } from '../../functions/patterns.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { isGlobalFunction, namespaces, refusedNames } from './allowed.ts';
import {
  any,
  CALLBACK_KINDS,
  list,
  NEW_LISTS,
  ownOf,
  SHORT_TEXT_METHODS,
  EVENT_LIST_METHODS,
  primitive,
  scalar,
} from './kinds.ts';
import type { Emitted, Kind } from './kinds.ts';
import { stringText } from './print-code.ts';
import { JAVASCRIPT_WORLD, isFunction, staticName } from './tree-names.ts';
import { OperatorEmitter, WORD_MAX } from './emit-operators.ts';

/** Names of a test in printed code. */
interface Prepared {
  /** For a text that costs nothing to read; null: each call is charged. */
  readonly ready: string | null;
  /** For any value. */
  readonly held: string;
}

/** Writes calls: of methods, of functions of the rule, and of what rules may call besides. */
export abstract class CallEmitter extends OperatorEmitter {
  /** A function whose parameters are of these kinds. */
  protected abstract functionText(
    node: FunctionNode | ArrowFunctionExpression,
    kinds: readonly Kind[],
  ): string;
  protected abstract unknown(node: AnyNode & { type: 'Identifier' }): Emitted;
  protected abstract listElement(element: AnyNode | null, list: Node): string;
  protected abstract staticChain(node: AnyNode): { root: AnyNode; steps: string[] };
  protected abstract chain(node: AnyNode, next: (emitted: Emitted) => Emitted): Emitted;
  protected abstract optional(from: Emitted, next: (emitted: Emitted) => Emitted): Emitted;

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
    const isLongSearch =
      SEARCHES.has(name) &&
      nodes.some((node) => node.type === 'Literal' && String(node.value).length > SEARCHED_MAX);
    if (bytes === undefined || !isPlain || isLongSearch)
      return `${this.method(name)}(${[text, ...values].join(', ')})`;
    if (bytes > 0 || SEARCHES.has(name)) this.allocates(bytes);
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
        nearest(name, Array.from(libraryByName.keys())),
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
    return any(this.asked(held, this.value(value)));
  }

  /** A test that is made once is asked: at once, where the value costs nothing to read. */
  protected asked({ ready, held }: Prepared, value: string): string {
    if (ready === null) return `${held}(${value})`;
    const text = this.local();
    return `(typeof (${text} = ${value}) === "string" && ${text}.length <= ${WORD_MAX} ? ${ready}(${text}) : ${held}(${text}))`;
  }

  /**
   * The names of a test that is made once. Where it is asked at most once in a call it costs as much as the rule's text is
   * long for each character of the event's, which is what the rule asks for; in loops and functions it is charged.
   */
  protected prepared(made: string, name: string, constants: readonly string[]): Prepared {
    const held = this.constant(made, 'p');
    if (this.rounds.length === 0 && !isDear(name, constants))
      return { ready: this.constant(`H.ready(${held})`, 'r'), held };
    const all = [name, held, ...constants];
    return { ready: null, held: this.constant(`H.charged(${all.join(', ')})`, 'q') };
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
    return scalar(this.asked(held, this.value(node.arguments[0] as AnyNode)));
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
}

/** Values of a call that are spread out lie on the machine's stack, and where that ends is no matter of the rule's. */
const VALUES_MAX = 10_000;

/** The rule's own functions may call one another, each with so many. */
const OWN_VALUES_MAX = 200;

/** The list of events is read-only: what would change it makes a new one. */
const ON_EVENTS: Readonly<Record<string, string>> = { sort: 'toSorted', reverse: 'toReversed' };

const CHANGES: ReadonlySet<string> = new Set(['push', 'pop', 'shift', 'unshift']);

/** These may compare what they look for with every place of the text. */
const SEARCHES: ReadonlySet<string> = new Set(['includes', 'indexOf', 'lastIndexOf']);
/** What is looked for in a short text without the library is no longer. */
const SEARCHED_MAX = 16;

const OF_ONE_VALUE: ReadonlySet<string> = new Set(
  'Number String Boolean parseFloat isNaN isFinite'.split(' '),
);

const PATTERN_FUNCTIONS: ReadonlySet<string> = new Set(['find', 'matches', 'findAnywhere']);

/** Is one of the constants a long pattern with `?`, which may be tried at every place of a text? */
function isDear(name: string, constants: readonly string[]): boolean {
  if (name !== '"like"' && name !== '"anywhere"') return false;
  const texts = constants.flatMap((constant) => [JSON.parse(constant)] as unknown[]).flat();
  return texts.some((text) => typeof text === 'string' && text.length > 64 && text.includes('?'));
}

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
