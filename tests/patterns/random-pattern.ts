import type { Random } from '../engine/random.ts';

/** What random patterns are made of, and texts that have a chance to match them. */
export interface Alphabet {
  readonly atoms: readonly string[];
  readonly classParts: readonly string[];
  readonly groups: readonly string[];
  readonly quantifiers: readonly string[];
  readonly units: readonly string[];
}

/** All that JavaScript takes, with the oddities of annex B. */
export const javascript: Alphabet = {
  atoms: [
    ...[
      'a',
      'b',
      'c',
      'A',
      'B',
      '1',
      '_',
      ' ',
      '-',
      'é',
      'É',
      'ſ',
      '\u212a',
      'ß',
      '{',
      ']',
      '}',
      '.',
      '.',
    ],
    ...[
      '\\n',
      '\\.',
      '\\u2028',
      '\\x41',
      '\\0',
      '\\012',
      '\\cA',
      '\\c',
      'x{',
      '\\u{2}',
      '\\x',
      '\\-',
      '\\k',
    ],
    ...['\\d', '\\D', '\\s', '\\S', '\\w', '\\W'],
  ],
  classParts: [
    ...[
      'a',
      'b',
      'a-c',
      'A-Z',
      '-',
      '^',
      '.',
      'é',
      'à-þ',
      'ſ',
      '\u212a',
      '\\u0100-\\uffff',
      '\\x41-\\x5a',
    ],
    ...['\\d', '\\w-b', 'a-\\s', '\\W', '\\b', '\\B', '\\cA', '\\c1', '\\c', '\\]', '\\1', '\\8'],
  ],
  groups: ['(', '(?:', '(?<name>'],
  quantifiers: ['*', '+', '?', '{2}', '{0,2}', '{1,}', '{0}', '*?', '+?', '{,2}', '??', '{1,3}?'],
  units: [
    ...[
      'a',
      'b',
      'c',
      'A',
      'B',
      'C',
      '1',
      '2',
      '8',
      '_',
      ' ',
      '\n',
      '\r',
      '\v',
      '.',
      '-',
      ',',
      '\\',
      '{',
      ']',
      '}',
    ],
    ...[
      'é',
      'É',
      'ſ',
      '\u212a',
      'k',
      'K',
      's',
      'S',
      'ß',
      '\u2028',
      '\0',
      '\x01',
      '\u0130',
      'ı',
      'µ',
      'μ',
      '\ud83d',
    ],
  ],
};

/** Where RE2's syntax means the same: no unit beyond ASCII, and of line ends only \n. */
export const asRe2: Alphabet = {
  atoms: [
    'a',
    'b',
    'c',
    'A',
    'B',
    '1',
    '_',
    ' ',
    '-',
    '.',
    '.',
    '\\.',
    '\\n',
    '\\d',
    '\\D',
    '\\s',
    '\\S',
    '\\w',
    '\\W',
  ],
  classParts: ['a', 'b', 'a-c', 'A-Z', '1', '_', '\\d', '\\w', '\\s', '\\W', '\\-'],
  groups: ['(', '(?:', '(?i:', '(?s-i:', '(?m:'],
  quantifiers: ['*', '+', '?', '{2}', '{0,2}', '{1,}', '{0}', '*?', '+?', '??', '{1,3}?'],
  units: ['a', 'b', 'c', 'A', 'B', 'C', '1', '2', '_', ' ', '\n', '.', '-', ','],
};

/** Two letters, so that ways to match the same text are many. */
export const ambiguous: Alphabet = {
  atoms: ['a', 'b', 'a', 'b', '.', 'c'],
  classParts: ['a', 'b', 'c', 'a-b'],
  groups: ['(?:'],
  quantifiers: ['*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?'],
  units: ['a', 'b', 'c'],
};

export class RandomPatterns {
  readonly #random: Random;
  readonly #alphabet: Alphabet;

  constructor(random: Random, alphabet: Alphabet) {
    this.#random = random;
    this.#alphabet = alphabet;
  }

  pattern(depth = 3): string {
    const count = this.#random.chance(0.7) ? 1 : this.#random.between(2, 3);
    return Array.from({ length: count }, () => this.#sequence(depth)).join('|');
  }

  flags(): string {
    return [...'ims'].filter(() => this.#random.chance(0.4)).join('');
  }

  text(most = 8): string {
    return Array.from({ length: this.#random.between(0, most) }, () =>
      this.#random.of(this.#alphabet.units),
    ).join('');
  }

  #sequence(depth: number): string {
    const count = this.#random.between(this.#random.chance(0.1) ? 0 : 1, 4);
    return Array.from({ length: count }, () => this.#term(depth)).join('');
  }

  #term(depth: number): string {
    const kind = this.#random.below(10);
    if (kind === 0) return this.#random.of(['^', '$', '\\b', '\\B']);
    return this.#repeatable(depth, kind) + this.#quantifier();
  }

  #repeatable(depth: number, kind: number): string {
    if (kind < 6 || depth === 0) return this.#random.of(this.#alphabet.atoms);
    if (kind < 8) return this.#class();
    return `${this.#random.of(this.#alphabet.groups)}${this.pattern(depth - 1)})`;
  }

  #class(): string {
    const parts = Array.from({ length: this.#random.between(1, 3) }, () =>
      this.#random.of(this.#alphabet.classParts),
    );
    return `[${this.#random.chance(0.25) ? '^' : ''}${parts.join('')}]`;
  }

  #quantifier(): string {
    return this.#random.chance(0.35) ? this.#random.of(this.#alphabet.quantifiers) : '';
  }
}
