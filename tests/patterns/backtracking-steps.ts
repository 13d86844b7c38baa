// Counts what a backtracking engine does, as ECMA-262 (22.2.2) words it and without the shortcuts of real ones: the slow and
// obvious yardstick for attack strings. Time would depend on the machine; steps do not.

type Instruction =
  | { readonly kind: 'unit'; readonly takes: (unit: number) => boolean }
  | { kind: 'split'; first: number; second: number }
  | { kind: 'jump'; to: number }
  | { readonly kind: 'edge'; readonly edge: string }
  | { readonly kind: 'mark' | 'progress'; readonly slot: number }
  | { readonly kind: 'match' };

type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'unit'; readonly source: string }
  | { readonly kind: 'edge'; readonly edge: string }
  | { readonly kind: 'sequence' | 'choice'; readonly of: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly of: Node;
      readonly least: number;
      readonly most: number;
      readonly isLazy: boolean;
    };

const INSTRUCTIONS_MAX = 1_000_000;

/** Patterns with look-around or back-references are refused: they are more than this counts. */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#text.length) throw new Error(`unexpected ${this.#text.slice(this.#at)}`);
    return node;
  }

  #take(expression: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(expression.source, 'y');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text);
    if (found) this.#at += found[0].length;
    return found;
  }

  #choice(): Node {
    const of = [this.#sequence()];
    while (this.#take(/\|/)) of.push(this.#sequence());
    return of.length === 1 ? of[0]! : { kind: 'choice', of };
  }

  #sequence(): Node {
    const of: Node[] = [];
    while (this.#at < this.#text.length && !/[|)]/.test(this.#text[this.#at]!))
      of.push(this.#term());
    return { kind: 'sequence', of };
  }

  #term(): Node {
    const edge = this.#take(/\^|\$|\\[bB]/);
    if (edge) return { kind: 'edge', edge: edge[0] };
    return this.#repeat(this.#atom());
  }

  #atom(): Node {
    if (this.#take(/\((?:\?:|\?<[A-Za-z_$][\w$]*>|(?!\?))/)) {
      const node = this.#choice();
      if (!this.#take(/\)/)) throw new Error('a group is not closed');
      return node;
    }
    const unit = this.#take(
      /\[(?:\\[^]|[^\]\\])*\]|\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|c[A-Za-z]|0|[^1-9k])|[^\\()|]/,
    );
    if (!unit) throw new Error(`not counted: ${this.#text.slice(this.#at)}`);
    return { kind: 'unit', source: unit[0] };
  }

  #repeat(of: Node): Node {
    const found = this.#take(/(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})(\??)/);
    if (!found) return of;
    const [all, least, comma, most, lazy] = found;
    const isLazy = lazy === '?';
    if (least === undefined) {
      const sign = all![0]!;
      return {
        kind: 'repeat',
        of,
        least: sign === '+' ? 1 : 0,
        most: sign === '?' ? 1 : Infinity,
        isLazy,
      };
    }
    const bound = comma === undefined ? Number(least) : most === '' ? Infinity : Number(most);
    return { kind: 'repeat', of, least: Number(least), most: bound, isLazy };
  }
}

/** V8 says which single code units an atom takes; everything else is counted here. */
function unitTest(source: string, flags: string): (unit: number) => boolean {
  const atom = source.startsWith('{') || source.startsWith('}') ? `\\${source}` : source;
  const expression = new RegExp(`^${atom}$`, flags.replace('m', ''));
  const known = new Map<number, boolean>();
  return (unit) => {
    let takes = known.get(unit);
    if (takes === undefined) {
      takes = expression.test(String.fromCharCode(unit));
      known.set(unit, takes);
    }
    return takes;
  };
}

class Program {
  readonly instructions: Instruction[] = [];
  readonly flags: string;
  slots = 0;

  constructor(pattern: string, flags: string) {
    this.flags = flags;
    this.#emit(new Parser(pattern).parse());
    this.#add({ kind: 'match' });
  }

  #add<T extends Instruction>(instruction: T): T {
    if (this.instructions.length >= INSTRUCTIONS_MAX) throw new Error('too many instructions');
    this.instructions.push(instruction);
    return instruction;
  }

  #emit(node: Node): void {
    if (node.kind === 'unit') this.#add({ kind: 'unit', takes: unitTest(node.source, this.flags) });
    else if (node.kind === 'edge') this.#add({ kind: 'edge', edge: node.edge });
    else if (node.kind === 'sequence') for (const part of node.of) this.#emit(part);
    else if (node.kind === 'choice') this.#emitChoice(node.of);
    else if (node.kind === 'repeat') this.#emitRepeat(node);
  }

  #emitChoice(of: readonly Node[]): void {
    const jumps: { to: number }[] = [];
    for (const [i, part] of of.entries()) {
      const split =
        i < of.length - 1 ? this.#add({ kind: 'split', first: 0, second: 0 }) : undefined;
      if (split) split.first = this.instructions.length;
      this.#emit(part);
      if (!split) continue;
      jumps.push(this.#add({ kind: 'jump', to: 0 }));
      split.second = this.instructions.length;
    }
    for (const jump of jumps) jump.to = this.instructions.length;
  }

  #emitRepeat({ of, least, most, isLazy }: Node & { kind: 'repeat' }): void {
    for (let i = 0; i < least; i++) this.#emit(of);
    const splits: { first: number; second: number }[] = [];
    const start = this.instructions.length;
    // A round that takes nothing ends the repetition (ECMA-262, RepeatMatcher, step 2.b).
    for (let i = least; i < (most === Infinity ? least + 1 : most); i++) {
      const split = this.#add({ kind: 'split', first: 0, second: 0 });
      splits.push(split);
      split[isLazy ? 'second' : 'first'] = this.instructions.length;
      const slot = this.slots++;
      this.#add({ kind: 'mark', slot });
      this.#emit(of);
      this.#add({ kind: 'progress', slot });
    }
    if (most === Infinity) this.#add({ kind: 'jump', to: start });
    for (const split of splits) split[isLazy ? 'first' : 'second'] = this.instructions.length;
  }
}

const isWord = (text: string, at: number): boolean => /\w/.test(text[at] ?? '');
const isLineEnd = (text: string, at: number): boolean => /[\n\r\u2028\u2029]/.test(text[at]!);

function holds(edge: string, text: string, at: number, isMultiline: boolean): boolean {
  if (edge === '^') return at === 0 || (isMultiline && isLineEnd(text, at - 1));
  if (edge === '$') return at === text.length || (isMultiline && isLineEnd(text, at));
  return (isWord(text, at - 1) !== isWord(text, at)) === (edge === '\\b');
}

export interface Counted {
  readonly steps: number;
  readonly isMatch: boolean;
}

/** A pattern made ready for counting. Throws on what it does not count. */
export function stepCounter(
  pattern: string,
  flags: string,
): (text: string, stepsMax: number) => Counted {
  const program = new Program(pattern, flags);
  return (text, stepsMax) => {
    let steps = 0;
    for (let start = 0; start <= text.length && steps <= stepsMax; start++) {
      const tried = attempt(program, text, start, stepsMax - steps);
      steps += tried.steps;
      if (tried.isMatch) return { steps, isMatch: true };
    }
    return { steps, isMatch: false };
  };
}

/** One attempt at one place. The stack holds places to go back to, and marks to put back (at < 0: slot −at − 1). */
function attempt(program: Program, text: string, start: number, stepsMax: number): Counted {
  const { instructions } = program;
  const isMultiline = program.flags.includes('m');
  const marks = new Int32Array(program.slots).fill(-1);
  const stack: number[] = [];
  let [at, next, steps] = [start, 0, 0];
  for (; steps <= stepsMax; steps++) {
    const instruction = instructions[next]!;
    let goesOn = true;
    next++;
    if (instruction.kind === 'unit')
      goesOn = at < text.length && instruction.takes(text.charCodeAt(at++));
    else if (instruction.kind === 'split') {
      stack.push(at, instruction.second);
      next = instruction.first;
    } else if (instruction.kind === 'jump') next = instruction.to;
    else if (instruction.kind === 'edge') goesOn = holds(instruction.edge, text, at, isMultiline);
    else if (instruction.kind === 'mark') {
      stack.push(-instruction.slot - 1, marks[instruction.slot]!);
      marks[instruction.slot] = at;
    } else if (instruction.kind === 'progress') goesOn = marks[instruction.slot] !== at;
    else return { steps, isMatch: true };
    while (!goesOn) {
      if (stack.length === 0) return { steps: steps + 1, isMatch: false };
      const back = stack.pop()!;
      const place = stack.pop()!;
      if (place < 0) marks[-place - 1] = back;
      else [at, next, goesOn] = [place, back, true];
    }
  }
  return { steps, isMatch: false };
}
