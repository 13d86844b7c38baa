import type { AnyNode } from 'acorn';
import { SHORT_TEXT } from '../../functions/budget.ts';
import { inheritedNames } from './allowed.ts';
import { primitive, scalar, word } from './kinds.ts';
import type { Emitted, Kind } from './kinds.ts';
import { stringText } from './print-code.ts';
import { templateText } from './tree-names.ts';
import { EmitterState } from './emitter-state.ts';

/** Writes operators, and reads and writes of fields: JavaScript does what is quick and harmless, the library the rest. */
export abstract class OperatorEmitter extends EmitterState {
  abstract expression(node: AnyNode): Emitted;
  /** The text of an expression that is used as a value: an event becomes one. */
  abstract value(node: AnyNode): string;

  protected asValue({ text, kind }: Emitted): string {
    if (kind !== 'event' && kind !== 'events') return text;
    this.readsWhole = true;
    // In HAVING the reader itself is handed on; the library reads through it.
    return kind === 'event' && !this.readsRows ? `${text}.whole()` : text;
  }

  /** A field that is named in the code. Where no value can have the name without holding it, JavaScript reads it itself. */
  protected field(object: string, name: string): string {
    const isInherited = inheritedNames.has(name) && name !== 'length' && name !== 'name';
    // A place of a text is looked at by the library: the text may have to be copied into one piece for that.
    if (this.readersAreValues || isInherited || /^\d/.test(name))
      return `H.get(${object}, ${stringText(name)})`;
    if (!inheritedNames.has(name)) return `(${object})?.[${stringText(name)}]`;
    const held = this.local();
    const type = name === 'name' ? 'object' : 'string';
    return `(typeof (${held} = ${object}) === "${type}" ? ${held}?.${name} : H.get(${held}, "${name}"))`;
  }

  /** A field whose name is computed. No value has anything under a number but what it holds. */
  protected element(from: Emitted, name: Emitted): string {
    const key = this.asValue(name);
    if ((from.kind === 'events' || from.kind === 'list') && name.kind === 'scalar') {
      if (/^\d{1,9}$/.test(key)) return `${from.text}?.[${key}]`;
      const [list, place] = [this.local(), this.local()];
      return `(${list} = ${from.text}, (${place} = ${key}) >>> 0 === ${place} ? ${list}?.[${place}] : H.get(${list}, ${place}))`;
    }
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
    return `(typeof ${of} === "object" && ${of} !== null && (${isPlace(at)}${isName}) && typeof (${held} = ${of}[${at}]) !== "function" ? ${held} : H.get(${of}, ${at}))`;
  }

  /**
   * A field is given a value. Where it is there already, JavaScript does it: nothing grows, and what is frozen says so. (No
   * value inherits anything but functions, and `__proto__`; a list's `length` is a field that is not set like others.)
   */
  protected written(of: string, at: string, value: string): string {
    if (this.readersAreValues) return `H.set(${of}, ${at}, ${value})`;
    const [to, held] = [this.local(), this.local()];
    const isName = `(${isPlace(at)} || ${isShortName(at)} && ${at} !== "length")`;
    return `(${to} = ${value}, typeof ${of} === "object" && ${of} !== null && ${isName} && (${held} = ${of}[${at}]) !== (void 0) && typeof ${held} !== "function" ? (${of}[${at}] = ${to}) : H.set(${of}, ${at}, ${to}))`;
  }

  /** `a + b` and its like. What could take long or call something is left to the library. */
  protected operation(operator: string, left: Emitted, right: Emitted): Emitted {
    if (operator === '+') return this.sum(left, right);
    // Of numbers far apart a remainder takes up to a µs.
    if (operator === '%') this.allocates(0);
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
        `(${x} = ${a}, ${y} = ${b}, typeof ${x} === "string" && ${x}.length > ${WORD_MAX} ? ${not}L.same(${x}, ${y}) : ${x} ${operator} ${y})`,
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
    // A text beside a number is made one; which text is less is found a character at a time.
    const isBesideNumber = sides.some(([{ kind }]) => kind === 'scalar');
    const wordMax = isBesideNumber ? NUMBER_MAX : isLoose ? WORD_MAX : ORDERED_MAX;
    const values = sides.map(([{ kind }, text]) => {
      if (kind === 'scalar' || kind === 'word') return text;
      const held = this.local();
      sets.push(`${held} = ${text}, `);
      // A text that is compared with a short one for being the same is only read if it is as short.
      tests.push(
        isBesideWord
          ? `typeof ${held} !== "object"`
          : `(typeof ${held} === "string" ? ${held}.length <= ${wordMax} : typeof ${held} !== "object")`,
      );
      return held;
    });
    const compared = values.join(` ${operator} `);
    const asked = `${operator === '!=' ? '!' : ''}L.${COMPARISON_NAMES[operator]}(${values.join(', ')})`;
    return `(${sets.join('')}${tests.join(' && ')} ? ${compared} : ${asked})`;
  }

  protected sum(left: Emitted, right: Emitted): Emitted {
    const [a, b] = [this.asValue(left), this.asValue(right)];
    if (left.kind === 'scalar' && right.kind === 'scalar') return scalar(`(${a} + ${b})`);
    if (left.kind === 'word' || right.kind === 'word') return primitive(`L.add(${a}, ${b})`);
    const [x, y] = [this.local(), this.local()];
    return primitive(
      `(${x} = ${a}, ${y} = ${b}, typeof ${x} === "number" && typeof ${y} === "number" ? ${x} + ${y} : L.add(${x}, ${y}))`,
    );
  }

  /** The text of an operand of arithmetic: a number, or what JavaScript makes one of at no cost. */
  protected numeric(emitted: Emitted): string {
    if (emitted.kind === 'scalar' || emitted.kind === 'word') return emitted.text;
    const held = this.local();
    return `(typeof (${held} = ${this.asValue(emitted)}) === "number" ? ${held} : L.number(${held}))`;
  }

  protected unary(operator: string, argument: Emitted): Emitted {
    if (operator === '!') return scalar(`(! ${this.asValue(argument)})`);
    if (operator === 'typeof') return word(`(typeof ${this.asValue(argument)})`);
    return scalar(`(${operator} ${this.numeric(argument)})`);
  }

  protected template(node: AnyNode & { type: 'TemplateLiteral' }): Emitted {
    const parts = node.quasis.map(({ value }) => templateText(value.cooked ?? ''));
    // Each part after the first joins two pieces; the last join is paid for where the length is known.
    for (let i = 1; i < node.expressions.length; i++) this.allocates(40);
    const holes = node.expressions.map((one) => `\${H.text(${this.value(one as AnyNode)})}`);
    const text = `\`${parts.map((part, i) => part + (holes[i] ?? '')).join('')}\``;
    return primitive(holes.length === 0 ? text : `H.template(${text})`);
  }
}

/** Texts up to this length are read without being charged. */
export const WORD_MAX = SHORT_TEXT;
/** Numbers written with more characters are made by the library. */
const NUMBER_MAX = 20;
/** And longer texts are put in order by it. */
const ORDERED_MAX = 64;

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

/**
 * Is it the place of an element? Other numbers as names cost V8 far more: it makes texts of them, and looks for these among
 * all names that there are.
 */
const isPlace = (at: string): string => `typeof ${at} === "number" && ${at} >>> 0 === ${at}`;

const isNothing = ({ text }: Emitted): boolean => text === 'null' || text === '(void 0)';
