import type { Diagnostic, Span } from '../../plan/diagnostic.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { notYet } from '../diagnostics/codes.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { clauses, clauseWords, type Clause, type Clauses } from './clauses.ts';
import { ClauseProblem, Cursor } from './cursor.ts';
import { assembleRule } from './assemble.ts';
import { nextRuleStart } from './rule-starts.ts';
import type { RuleSyntax } from './syntax.ts';

/** Largest text of one file of rules, in characters. */
export const FILE_MAX = 32_000_000;
const PROBLEMS_MAX = 200;

export interface Parsed {
  /** Rules without an error, in the order of the text. */
  readonly rules: readonly RuleSyntax[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a `.weir` file. Never throws: what is wrong is in the diagnostics, and a broken rule never hides the others. */
export function parse(text: string, file: string): Parsed {
  const problems: ClauseProblem[] = [];
  const rules: RuleSyntax[] = [];
  if (text.length > FILE_MAX)
    problems.push(
      new ClauseProblem('E116', `the file has more than ${FILE_MAX} characters`, {
        start: 0,
        end: 0,
      }),
    );
  else if (text.includes('\0')) problems.push(nulProblem(text));
  else {
    let start = nextRuleStart(text, 0);
    refuseStrayText(text, 0, start, problems);
    while (start < text.length && problems.length < PROBLEMS_MAX) {
      const parser = new RuleParser(text, start);
      const rule = parser.parse();
      if (rule !== null && parser.problems.length === 0) rules.push(rule);
      problems.push(...parser.problems);
      start = parser.next;
    }
  }
  return { rules, diagnostics: problems.map((problem) => diagnostic({ ...problem, file })) };
}

function nulProblem(text: string): ClauseProblem {
  const at = text.indexOf('\0');
  return new ClauseProblem('E116', 'this is not a text of rules: it holds a NUL character', {
    start: at,
    end: at + 1,
  });
}

function refuseStrayText(text: string, from: number, to: number, problems: ClauseProblem[]): void {
  const cursor = new Cursor(text, from, to);
  try {
    if (!cursor.done) cursor.fail('expected RULE "name"');
  } catch (problem) {
    problems.push(asProblem(problem, { start: from, end: to }, 'E101'));
  }
}

function asProblem(thrown: unknown, span: Span, code?: Diagnostic['code']): ClauseProblem {
  if (thrown instanceof ClauseProblem)
    return code === undefined
      ? thrown
      : new ClauseProblem(code, thrown.message, thrown.span, thrown.try);
  // Only the depth of nesting can get here: the stack of this descent is as deep as the text is nested.
  if (thrown instanceof RangeError)
    return new ClauseProblem('E108', 'this is nested too deeply', span);
  throw thrown;
}

class RuleParser {
  readonly problems: ClauseProblem[] = [];
  /** Where the next rule begins, known when this one was read. */
  next: number;
  readonly #text: string;
  readonly #start: number;
  #cursor: Cursor;
  readonly #clauses: Clauses = { tests: [] };
  #hasLater = false;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#start = start;
    this.next = nextRuleStart(text, start + 4);
    this.#cursor = new Cursor(text, start, this.next);
  }

  parse(): RuleSyntax | null {
    const cursor = this.#cursor;
    let nameStart = cursor.position;
    let name: string | null = null;
    try {
      cursor.expectKeywords('RULE');
      cursor.skipSpace();
      nameStart = cursor.position;
      name = cursor.takeString('the name of the rule');
      if (name.trim() === '')
        throw new ClauseProblem('E103', 'a rule needs a name', {
          start: nameStart,
          end: cursor.position,
        });
    } catch (problem) {
      this.#recover(problem);
    }
    const nameSpan = { start: nameStart, end: cursor.position };
    while (this.#clause());
    if (name === null) return null;
    const { rule, problems } = assembleRule(
      name,
      nameSpan,
      { start: this.#start, end: cursor.position },
      this.#clauses,
    );
    // What follows from a clause that this version does not run is not the author's mistake.
    if (!this.#hasLater) this.problems.push(...problems);
    return rule;
  }

  /** Reads one clause; false at the end of the rule. */
  #clause(): boolean {
    const cursor = this.#cursor;
    try {
      if (cursor.done || this.problems.length > 20) return false;
      const start = cursor.position;
      const clause = clauses.find(({ words }) => cursor.takeKeywords(...words));
      if (clause === undefined) this.#refuseWord();
      else this.#read(clause, start);
    } catch (problem) {
      this.#recover(problem);
    }
    return true;
  }

  #read(clause: Clause, start: number): void {
    const { sets, words, read } = clause;
    const end = this.#cursor.position;
    const twice = sets !== null && this.#clauses[sets] !== undefined;
    read(this.#cursor, this.#clauses, start);
    if (twice) throw new ClauseProblem('E104', `${words.join(' ')} is given twice`, { start, end });
  }

  #refuseWord(): never {
    const cursor = this.#cursor;
    const word = cursor.peekWord();
    if (word === '') cursor.fail('expected a clause');
    const span = { start: cursor.position, end: cursor.position + word.length };
    const guess = nearest(word.toUpperCase(), clauseWords);
    throw new ClauseProblem('E102', `\`${word}\` is not a clause of a rule`, span, guess);
  }

  /** Notes a problem and goes on at the next word, outside brackets, that begins a clause. */
  #recover(thrown: unknown): void {
    const cursor = this.#cursor;
    const before = cursor.position;
    const problem = asProblem(thrown, { start: before, end: before + 1 });
    const isLater = notYet.some(({ code }) => code === problem.code);
    if (isLater || !this.#hasLater || problem.code !== 'E102') this.problems.push(problem);
    if (isLater) this.#hasLater = true;
    cursor.position = nextClauseStart(this.#text, Math.max(before, problem.span.start), cursor.end);
    // A rule that begins inside what was read as an unclosed string or bracket is still found.
    if (cursor.position <= before && before < cursor.end)
      cursor.position = nextClauseStart(this.#text, before + 1, cursor.end);
  }
}

const WORD_AT = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;

function nextClauseStart(text: string, from: number, end: number): number {
  let depth = 0;
  for (let i = from; i < end; i++) {
    const char = text[i]!;
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth = Math.max(0, depth - 1);
    else if (char === '"' || char === "'") i = stringEnd(text, i, end);
    else {
      WORD_AT.lastIndex = i;
      const word = WORD_AT.exec(text)?.[0];
      if (word === undefined) continue;
      // Clauses are mostly written in capitals; in code such a word in small letters is a name.
      const begins =
        clauseWords.includes(word.toUpperCase()) &&
        (depth === 0 || isLineStart(text, i)) &&
        text[i - 1] !== '.';
      if (begins && i > from) return i;
      i += word.length - 1;
    }
  }
  return end;
}

function stringEnd(text: string, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === text[at]) return i;
    else if (text[i] === '\n') return i;
  }
  return at;
}

const isLineStart = (text: string, at: number): boolean =>
  /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(0, at - 80), at)) &&
  /^[A-Z]{2}/.test(text.slice(at, at + 2));
