// JavaScript's regular expressions without `u` and `v`: ECMA-262, 22.2.1 with annex B.1.2. What cannot be searched in
// linear time is refused. A text that `new RegExp` refuses is refused here too.
import {
  ALL_UNITS,
  DIGITS,
  inverted,
  NOT_LINE_ENDS,
  SPACES,
  united,
  WORD_UNITS,
  type CodeUnitSet,
} from './code-unit-set.ts';
import { ignoringCase } from './letter-case.ts';
import type { Assertion, PatternProblem, PatternTree } from './pattern-tree.ts';

export const LENGTH_MAX = 1000;
export const COUNT_MAX = 1000;

export interface ParsedPattern {
  readonly tree: PatternTree;
  /** It has groups with flags of their own, as `(?i:…)`. */
  readonly hasModifiers: boolean;
}

/** Reads a pattern; the flags are of "ims". Costs time linear in the pattern, and depth of its brackets. */
export function parsePattern(source: string, flags: string): ParsedPattern | PatternProblem {
  if (source.length > LENGTH_MAX)
    return {
      reason: `the pattern has more than ${LENGTH_MAX} characters`,
      offset: LENGTH_MAX,
    };
  if (!/^[ims]*$/.test(flags) || new Set(flags).size < flags.length)
    return { reason: `the flags "${flags}" are not taken, only i, m and s`, offset: 0 };
  try {
    const parsed = new PatternParser(source, flags).parse();
    return refusedByRegExp(source, flags) ?? parsed;
  } catch (error) {
    if (error instanceof Refusal) return { reason: error.message, offset: error.offset };
    throw error;
  }
}

/** The names of groups have rules of their own, which are not repeated here. */
function refusedByRegExp(source: string, flags: string): PatternProblem | null {
  try {
    new RegExp(source, flags);
    return null;
  } catch (error) {
    const message = (error as Error).message.replace(/^Invalid regular expression: /, '');
    return { reason: `it is not a regular expression: ${message}`, offset: 0 };
  }
}

class Refusal extends Error {
  readonly offset: number;
  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

const CLASSES: Readonly<Record<string, CodeUnitSet>> = {
  d: DIGITS,
  D: inverted(DIGITS),
  s: SPACES,
  S: inverted(SPACES),
  w: WORD_UNITS,
  W: inverted(WORD_UNITS),
};
const CONTROLS: Readonly<Record<string, number>> = { f: 12, n: 10, r: 13, t: 9, v: 11 };
const BACKSPACE = 8;
const HYPHEN = 0x2d;

/** Nothing a thousand times a thousand times is nothing, and would still have to be counted. */
const isEmpty = (tree: PatternTree): boolean => tree.kind === 'sequence' && tree.of.length === 0;
const EMPTY: PatternTree = { kind: 'sequence', of: [] };

class PatternParser {
  readonly #source: string;
  #at = 0;
  #flags: ReadonlySet<string>;
  #hasModifiers = false;
  readonly #closedSets = new Map<string, CodeUnitSet>();

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#flags = new Set(flags);
  }

  parse(): ParsedPattern {
    const tree = this.#choice();
    if (this.#at < this.#source.length) this.#notOne('Unmatched )');
    return { tree, hasModifiers: this.#hasModifiers };
  }

  #refuse(reason: string, offset = this.#at): never {
    throw new Refusal(reason, offset);
  }

  #notOne(message: string, offset = this.#at): never {
    return this.#refuse(`it is not a regular expression: ${message}`, offset);
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** What a pattern for one place finds here; it is taken. */
  #takeMatch(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#source);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  #choice(): PatternTree {
    const of = [this.#sequence()];
    while (this.#take('|')) of.push(this.#sequence());
    return of.length === 1 ? of[0]! : { kind: 'choice', of };
  }

  #sequence(): PatternTree {
    const of: PatternTree[] = [];
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at]!))
      of.push(this.#term());
    const parts = of.filter((part) => !isEmpty(part));
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', of: parts };
  }

  #term(): PatternTree {
    const assertion = this.#assertion();
    if (assertion !== null) return { kind: 'assertion', holds: assertion };
    if (this.#source[this.#at] === '(') return this.#repeated(this.#group());
    return this.#repeated({ kind: 'set', set: this.#atom() });
  }

  #assertion(): Assertion | null {
    const isMultiline = this.#flags.has('m');
    if (this.#take('^')) return isMultiline ? 'line begin' : 'text begin';
    if (this.#take('$')) return isMultiline ? 'line end' : 'text end';
    if (this.#take('\\b')) return 'word edge';
    return this.#take('\\B') ? 'no word edge' : null;
  }

  #group(): PatternTree {
    const begin = this.#at;
    const outside = this.#flags;
    this.#at++;
    if (this.#take('?')) this.#kindOfGroup(begin);
    const tree = this.#choice();
    if (!this.#take(')')) this.#notOne('Unterminated group', begin);
    this.#flags = outside;
    return tree;
  }

  #kindOfGroup(begin: number): void {
    if (this.#takeMatch(/<?[=!]/y) !== null)
      this.#refuse('it looks ahead or behind, which cannot be searched in linear time', begin);
    if (this.#takeMatch(/<[^>]+>/y) !== null) return;
    const modifiers = this.#takeMatch(/([ims]*)(?:-([ims]*))?:/y);
    if (modifiers === null) return this.#notOne('Invalid group', begin);
    if (modifiers[0] !== ':') this.#hasModifiers = true;
    const flags = new Set([...this.#flags, ...modifiers[1]!]);
    for (const flag of modifiers[2] ?? '') flags.delete(flag);
    this.#flags = flags;
  }

  #repeated(of: PatternTree): PatternTree {
    const begin = this.#at;
    const count = this.#count();
    if (count === null) return of;
    const [min, max] = count;
    if (min > max) this.#notOne('numbers out of order in {} quantifier', begin);
    if (min > COUNT_MAX || (max !== Infinity && max > COUNT_MAX))
      this.#refuse(`it repeats more than ${COUNT_MAX} times`, begin);
    this.#take('?');
    return max === 0 || isEmpty(of) ? EMPTY : { kind: 'repeat', of, min, max };
  }

  #count(): readonly [number, number] | null {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    const braces = this.#takeMatch(/\{(\d+)(,(\d*))?\}/y);
    if (braces === null) return null;
    const min = Number(braces[1]);
    if (braces[2] === undefined) return [min, min];
    return [min, braces[3] === '' ? Infinity : Number(braces[3])];
  }

  /** One code unit of the text: a character, an escape or a class. */
  #atom(): CodeUnitSet {
    const begin = this.#at;
    if ('*+?'.includes(this.#source[begin]!) || this.#takeMatch(/\{\d+(,\d*)?\}/y) !== null)
      return this.#notOne('Nothing to repeat', begin);
    if (this.#take('.')) return this.#flags.has('s') ? ALL_UNITS : NOT_LINE_ENDS;
    if (this.#take('[')) return this.#class(begin);
    if (!this.#take('\\')) return this.#cased(this.#plainUnit());
    if (this.#takeMatch(/[1-9]|k</y) !== null)
      return this.#refuse(
        'it refers back to a group, which cannot be searched in linear time',
        begin,
      );
    const escaped = this.#escape(/c([A-Za-z])/y);
    return typeof escaped === 'number' ? this.#cased(escaped) : escaped;
  }

  #plainUnit(): number {
    return this.#source.charCodeAt(this.#at++);
  }

  #cased(unit: number): CodeUnitSet {
    return this.#closed([unit, unit]);
  }

  #closed(set: CodeUnitSet): CodeUnitSet {
    if (!this.#flags.has('i')) return set;
    const key = set.join();
    const closed = this.#closedSets.get(key) ?? ignoringCase(set);
    this.#closedSets.set(key, closed);
    return closed;
  }

  /** What follows a backslash, in a class or not. `\c` without a letter is a backslash, and the c stands for itself. */
  #escape(control: RegExp): number | CodeUnitSet {
    const letter = this.#source[this.#at];
    if (letter === undefined) return this.#notOne('\\ at end of pattern', this.#at - 1);
    const named = Object.hasOwn(CLASSES, letter) ? CLASSES[letter] : undefined;
    if (named !== undefined) {
      this.#at++;
      return named;
    }
    if (letter === 'c') {
      const found = this.#takeMatch(control);
      return found === null ? 0x5c : found[1]!.charCodeAt(0) % 32;
    }
    const hex = this.#takeMatch(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})/y);
    if (hex !== null) return Number.parseInt(hex[1] ?? hex[2]!, 16);
    const octal = this.#takeMatch(/[0-3][0-7]{0,2}|[4-7][0-7]?/y);
    if (octal !== null) return Number.parseInt(octal[0], 8);
    this.#at++;
    return Object.hasOwn(CONTROLS, letter) ? CONTROLS[letter]! : letter.charCodeAt(0);
  }

  #class(begin: number): CodeUnitSet {
    const isInverted = this.#take('^');
    const ranges: number[] = [];
    while (!this.#take(']')) {
      const from = this.#classAtom(begin);
      const hyphenAt = this.#at;
      const isRange = this.#source[hyphenAt] === '-' && this.#source[hyphenAt + 1] !== ']';
      if (isRange) {
        this.#at++;
        ranges.push(...this.#range(from, this.#classAtom(begin), hyphenAt));
      } else ranges.push(...setOf(from));
    }
    const set = this.#closed(united(ranges));
    return isInverted ? inverted(set) : set;
  }

  /** Annex B: with a class on either side the hyphen is a hyphen. */
  #range(from: number | CodeUnitSet, to: number | CodeUnitSet, offset: number): CodeUnitSet {
    if (typeof from !== 'number' || typeof to !== 'number')
      return [...setOf(from), HYPHEN, HYPHEN, ...setOf(to)];
    return from <= to ? [from, to] : this.#notOne('Range out of order in character class', offset);
  }

  #classAtom(begin: number): number | CodeUnitSet {
    if (this.#at >= this.#source.length) return this.#notOne('Unterminated character class', begin);
    if (!this.#take('\\')) return this.#plainUnit();
    return this.#take('b') ? BACKSPACE : this.#escape(/c([A-Za-z0-9_])/y);
  }
}

const setOf = (atom: number | CodeUnitSet): CodeUnitSet =>
  typeof atom === 'number' ? [atom, atom] : atom;
