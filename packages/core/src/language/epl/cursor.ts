import type { Diagnostic, Span } from '../../plan/diagnostic.ts';

/** What stops the reading of one clause; caught by the rule's loop, which goes on with the next clause. */
export class ClauseProblem {
  readonly code: Diagnostic['code'];
  readonly message: string;
  readonly span: Span;
  readonly try: string | undefined;

  constructor(code: Diagnostic['code'], message: string, span: Span, correction?: string) {
    this.code = code;
    this.message = message;
    this.span = span;
    this.try = correction;
  }
}

const SPACE = /[\s\u200b\ufeff]/;
const WORD = /[\p{ID_Start}$_@][\p{ID_Continue}$\u200c\u200d]*/uy;

/** Reads the text of a `.weir` file outside code: words, strings, numbers, signs. Comments are white space. */
export class Cursor {
  readonly text: string;
  position: number;
  readonly end: number;

  constructor(text: string, position = 0, end = text.length) {
    this.text = text;
    this.position = position;
    this.end = end;
  }

  skipSpace(): void {
    for (;;) {
      while (this.position < this.end && SPACE.test(this.text[this.position]!)) this.position++;
      if (this.text.startsWith('//', this.position)) {
        while (this.position < this.end && this.text[this.position] !== '\n') this.position++;
      } else if (this.text.startsWith('/*', this.position)) {
        const close = this.text.indexOf('*/', this.position + 2);
        if (close < 0 || close > this.end) {
          const span = { start: this.position, end: this.end };
          this.position = this.end;
          throw new ClauseProblem('E105', 'this comment is not closed', span, 'end it with */');
        }
        this.position = close + 2;
      } else return;
    }
  }

  get done(): boolean {
    this.skipSpace();
    return this.position >= this.end;
  }

  /** The word at the position, as written, or '' if there is none. */
  peekWord(): string {
    this.skipSpace();
    WORD.lastIndex = this.position;
    const found = WORD.exec(this.text)?.[0] ?? '';
    return this.position + found.length <= this.end ? found : '';
  }

  takeWord(): string {
    const word = this.peekWord();
    this.position += word.length;
    return word;
  }

  /** Takes the keywords if they are next, in any letter case. */
  takeKeywords(...words: readonly string[]): boolean {
    const before = this.position;
    for (const word of words)
      if (this.takeWord().toUpperCase() !== word) {
        this.position = before;
        return false;
      }
    return true;
  }

  expectKeywords(...words: readonly string[]): void {
    if (!this.takeKeywords(...words)) this.fail(`expected ${words.join(' ')}`);
  }

  peekSign(sign: string): boolean {
    this.skipSpace();
    return this.text.startsWith(sign, this.position) && this.position < this.end;
  }

  peekDigit(): boolean {
    this.skipSpace();
    return this.position < this.end && /\d/.test(this.text[this.position]!);
  }

  takeSign(sign: string): boolean {
    if (!this.peekSign(sign)) return false;
    this.position += sign.length;
    return true;
  }

  expectSign(sign: string): void {
    if (!this.takeSign(sign)) this.fail(`expected ${sign}`);
  }

  get atString(): boolean {
    this.skipSpace();
    const quote = this.text[this.position];
    return this.position < this.end && (quote === '"' || quote === "'");
  }

  /** A string in either quotes, with JavaScript's escapes. `expected` says what it was to be. */
  takeString(expected: string): string {
    if (!this.atString) {
      const word = this.takeBareValue();
      if (word === '') this.fail(`expected ${expected} in quotes`);
      const span = { start: this.position - word.length, end: this.position };
      throw new ClauseProblem(
        'E106',
        `${expected} must stand in quotes`,
        span,
        JSON.stringify(word),
      );
    }
    const start = this.position;
    const quote = this.text[this.position++]!;
    let value = '';
    for (;;) {
      const char = this.position < this.end ? this.text[this.position]! : '\n';
      if (char === '\n') {
        throw new ClauseProblem(
          'E105',
          'this string is not closed',
          { start, end: this.position },
          `end it with ${quote}`,
        );
      }
      this.position++;
      if (char === quote) return value;
      value += char === '\\' ? this.#escape(start) : char;
    }
  }

  #escape(start: number): string {
    const char = this.text[this.position++] ?? '';
    const simple = SIMPLE_ESCAPES[char];
    if (simple !== undefined) return simple;
    const hex = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\})/.exec(
      this.text.slice(this.position - 1, this.position + 9),
    );
    if (hex !== null) {
      this.position += hex[0].length - 1;
      const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3]!, 16);
      if (code <= 0x10ffff) return String.fromCodePoint(code);
    }
    if (char === 'x' || char === 'u' || /[0-9\n]/.test(char) || char === '')
      throw new ClauseProblem(
        'E105',
        `\\${char} is not an escape here`,
        { start, end: this.position },
        'write \\\\ for a backslash',
      );
    return char;
  }

  /** What stands where a quoted value should: up to white space, comma or bracket. */
  takeBareValue(): string {
    this.skipSpace();
    const found =
      /^[^\s,[\]()'"]+/.exec(
        this.text.slice(this.position, Math.min(this.end, this.position + 200)),
      )?.[0] ?? '';
    this.position += found.length;
    return found;
  }

  takeInteger(expected: string): number {
    this.skipSpace();
    const found = /^\d{1,15}/.exec(
      this.text.slice(this.position, Math.min(this.end, this.position + 16)),
    )?.[0];
    if (found === undefined) this.fail(`expected ${expected}`);
    this.position += found!.length;
    return Number(found);
  }

  fail(message: string, correction?: string): never {
    this.skipSpace();
    const start = this.position;
    const token =
      /^(?:[\p{ID_Continue}$_@]+|\S)/u.exec(
        this.text.slice(start, Math.min(this.end, start + 60)),
      )?.[0] ?? '';
    const found = token === '' ? 'the end of the rule' : `\`${token}\``;
    throw new ClauseProblem(
      'E103',
      `${message}, found ${found}`,
      { start, end: start + Math.max(token.length, 0) },
      correction,
    );
  }
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '/': '/',
};
