import type { Span } from '../../plan/diagnostic.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { SigmaProblem } from './sigma-problem.ts';

/** A condition of a rule, resolved: names of detections, joined. Source: Sigma rules specification 2.1, "Condition". */
export type Condition =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'at least'; readonly count: number; readonly of: readonly Condition[] };

interface Token {
  readonly text: string;
  readonly at: number;
}

const DEPTH_MAX = 50;

/** Reads a condition. `names`: the detections; `them` and patterns are replaced by those that they mean. */
export function parseCondition(
  text: string,
  names: readonly string[],
  place: (from: number, to: number) => Span,
): Condition {
  return new ConditionParser(text, names, place).parse();
}

class ConditionParser {
  readonly #tokens: Token[] = [];
  readonly #names: readonly string[];
  readonly #place: (from: number, to: number) => Span;
  readonly #end: number;
  #next = 0;
  #depth = 0;

  constructor(text: string, names: readonly string[], place: (from: number, to: number) => Span) {
    this.#names = names;
    this.#place = place;
    this.#end = text.length;
    for (const match of text.matchAll(/[()]|[^\s()]+/g))
      this.#tokens.push({ text: match[0], at: match.index });
  }

  parse(): Condition {
    if (this.#tokens.length === 0) this.#fail('the condition is empty', undefined);
    const condition = this.#or();
    const rest = this.#tokens[this.#next];
    if (rest !== undefined)
      this.#fail(
        rest.text.startsWith('|')
          ? 'aggregations after a pipe were taken out of Sigma'
          : `\`${rest.text}\` is not expected here`,
        rest,
        rest.text.startsWith('|') ? 'a correlation rule' : 'and, or',
      );
    return condition;
  }

  #fail(message: string, token: Token | undefined, correction?: string): never {
    const at = token?.at ?? this.#end;
    throw new SigmaProblem(
      'E612',
      message,
      this.#place(at, at + (token?.text.length ?? 1)),
      correction,
    );
  }

  #takes(word: string): boolean {
    if (this.#tokens[this.#next]?.text.toLowerCase() !== word) return false;
    this.#next++;
    return true;
  }

  #or(): Condition {
    const of = [this.#and()];
    while (this.#takes('or')) of.push(this.#and());
    return of.length === 1 ? of[0]! : { kind: 'or', of };
  }

  #and(): Condition {
    const of = [this.#not()];
    while (this.#takes('and')) of.push(this.#not());
    return of.length === 1 ? of[0]! : { kind: 'and', of };
  }

  #not(): Condition {
    if (++this.#depth > DEPTH_MAX)
      this.#fail('the condition is nested too deeply', this.#tokens[this.#next]);
    const condition: Condition = this.#takes('not')
      ? { kind: 'not', of: this.#not() }
      : this.#operand();
    this.#depth--;
    return condition;
  }

  #operand(): Condition {
    const token = this.#tokens[this.#next++];
    if (token === undefined) return this.#fail('something is missing at the end', token);
    if (token.text === '(') {
      const inner = this.#or();
      if (!this.#takes(')')) this.#fail('a closing bracket is missing', this.#tokens[this.#next]);
      return inner;
    }
    const word = token.text.toLowerCase();
    const isQuantity = word === 'all' || word === 'any' || /^\d+$/.test(word);
    if (isQuantity && this.#takes('of')) return this.#quantified(word);
    if (this.#names.includes(token.text)) return { kind: 'name', name: token.text };
    if (['and', 'or', ')', 'of'].includes(word))
      return this.#fail(`a name is expected, not \`${token.text}\``, token);
    throw new SigmaProblem(
      'E613',
      `there is no detection called ${JSON.stringify(token.text)}`,
      this.#place(token.at, token.at + token.text.length),
      nearest(token.text, this.#names),
    );
  }

  #quantified(word: string): Condition {
    const token = this.#tokens[this.#next++];
    if (token === undefined) return this.#fail('`of` what? A name, a pattern or `them`', token);
    const found = this.#named(token.text);
    if (found.length === 0)
      throw new SigmaProblem(
        'E613',
        `no detection is called as ${JSON.stringify(token.text)} says`,
        this.#place(token.at, token.at + token.text.length),
        nearest(token.text.replace(/\*/g, ''), this.#names),
      );
    const of = found.map((name): Condition => ({ kind: 'name', name }));
    if (word === 'all') return of.length === 1 ? of[0]! : { kind: 'and', of };
    const count = word === 'any' ? 1 : Number(word);
    if (count === 1) return of.length === 1 ? of[0]! : { kind: 'or', of };
    return { kind: 'at least', count, of };
  }

  /** `them` is every detection whose name does not begin with an underscore; a pattern may name those too. */
  #named(pattern: string): string[] {
    if (pattern.toLowerCase() === 'them')
      return this.#names.filter((name) => !name.startsWith('_'));
    const source = pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*');
    const regex = new RegExp(`^${source}$`);
    return this.#names.filter((name) => regex.test(name));
  }
}

/** Every name that a condition mentions. */
export function namesOf(condition: Condition): string[] {
  if (condition.kind === 'name') return [condition.name];
  return condition.kind === 'not' ? namesOf(condition.of) : condition.of.flatMap(namesOf);
}
