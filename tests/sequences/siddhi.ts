/** Queries of Siddhi's tests (tests/cases/sequences) as rules of Weir, as far as they mean the same. */

export interface SiddhiCase {
  readonly id: string;
  readonly application: string;
  readonly started_at: number;
  readonly events: readonly {
    readonly at: number;
    readonly stream: string;
    readonly data: readonly unknown[];
  }[];
  readonly expected?: readonly {
    readonly in_count?: number;
    readonly rows?: readonly { readonly row: number; readonly values: readonly unknown[] }[];
  }[];
  readonly expected_error?: unknown;
}

export interface SiddhiRule {
  readonly text: string;
  /** The query does not say `every`: it matches once. */
  readonly onlyFirst: boolean;
  /** Every value of `select` was translated. */
  readonly hasRow: boolean;
  /** A strict query without `every`: if its first event leads to nothing, nothing comes of it. */
  readonly isOneAttempt: boolean;
}

/** What Weir means otherwise, as its language says it (docs/language.md); such queries are left out. */
export class MeansOtherwise extends Error {}

const otherwise = (sentence: string): never => {
  throw new MeansOtherwise(sentence);
};

export const SENTENCES = {
  and: '§8 ALL: events in any order are a rule of their own, not a part of a sequence',
  everyInside: '§8 SKIP: what may begin anew is said once, for the whole match',
  grows: '§8 SKIP: what may follow a complete match extends it, and gives no other one',
  pastLast: '§8 SKIP PAST LAST: a match that begins with the last event of another is left out',
  anew: '§8: each event may begin a match, also after one with which none came about',
  names: '§13: two steps of one name are an error',
  everyAbsence: '§8: a match has an event; an absence alone is none',
  start: '§4: absence is decided by recorded time; a query has no beginning of its own',
  other: '§6: counts over results and functions of rows are the matter of other clauses',
  empty: '§8: a step left out is undefined, and nothing is greater than undefined',
} as const;

type Token = string;

const TOKEN =
  /\s*(->|<\s*\d*\s*:?\s*\d*\s*>|'[^']*'|"[^"]*"|==|!=|>=|<=|[A-Za-z_]\w*|\d+(?:\.\d+)?|[[\]().,:;<>*+?=@/-])/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found === null) {
      if (text.slice(at).trim() === '') break;
      throw new Error(`cannot read ${text.slice(at, at + 40)}`);
    }
    tokens.push(found[1]!);
  }
  return tokens;
}

interface Leaf {
  readonly kind: 'leaf';
  readonly name: string;
  readonly stream: string;
  readonly condition: readonly Token[];
  readonly least: number;
  readonly most: number | null;
}

interface Absent {
  readonly kind: 'absent';
  readonly stream: string;
  readonly condition: readonly Token[];
  readonly forMs: number | null;
}

type Element =
  | Leaf
  | Absent
  | { readonly kind: 'or'; readonly of: readonly [Leaf, Leaf] }
  | { readonly kind: 'and' }
  | { readonly kind: 'every'; readonly of: readonly Element[] };

interface Query {
  readonly elements: readonly Element[];
  readonly isStrict: boolean;
  readonly isEvery: 'first' | 'whole' | 'no';
  readonly withinMs: number | null;
  readonly select: readonly Token[];
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  isStrict = false;
  withinMs: number | null = null;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #next(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #take(word: string): boolean {
    if (this.#next.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }

  query(): Query {
    const { elements, isEvery } = this.#whole();
    this.#within();
    const select = this.#take('select') ? this.#until('insert') : [];
    return { elements, isStrict: this.isStrict, isEvery, withinMs: this.withinMs, select };
  }

  #whole(): { elements: Element[]; isEvery: Query['isEvery'] } {
    const before = this.#at;
    // (every …) within …
    if (this.#take('(')) {
      const inner = this.#whole();
      if (this.#take(')') && !['->', ',', 'and', 'or'].includes(this.#next)) return inner;
      this.#at = before;
    }
    const every = this.#take('every');
    if (every && this.#take('(')) {
      const elements = this.#chain();
      if (!this.#take(')')) throw new Error('a bracket is open');
      if (this.#next !== '->' && this.#next !== ',') return { elements, isEvery: 'whole' };
      return otherwise(SENTENCES.everyInside);
    }
    return { elements: this.#chain(), isEvery: every ? 'first' : 'no' };
  }

  #chain(): Element[] {
    const elements = [this.#element()];
    while (this.#next === '->' || this.#next === ',') {
      if (this.#next === ',') this.isStrict = true;
      this.#at++;
      elements.push(this.#element());
    }
    return elements;
  }

  #element(): Element {
    if (this.#take('every')) return otherwise(SENTENCES.everyInside);
    if (this.#take('not')) return this.#absent();
    if (this.#next === '(') return otherwise(SENTENCES.everyInside);
    const leaf = this.#leaf();
    if (this.#take('or')) return { kind: 'or', of: [leaf, this.#leaf()] };
    if (this.#take('and')) {
      this.#leaf();
      return { kind: 'and' };
    }
    return leaf;
  }

  #absent(): Element {
    const stream = this.#tokens[this.#at++]!;
    const condition = this.#condition();
    if (this.#take('and'))
      return {
        kind: 'every',
        of: [{ kind: 'absent', stream, condition, forMs: null }, this.#leaf()],
      };
    return { kind: 'absent', stream, condition, forMs: this.#take('for') ? this.#time() : null };
  }

  #leaf(): Leaf {
    const name = this.#tokens[this.#at++]!;
    if (!this.#take('=')) return otherwise(SENTENCES.other);
    const stream = this.#tokens[this.#at++]!;
    const condition = this.#condition();
    const range = /^<\s*(\d*)\s*(:?)\s*(\d*)\s*>$/.exec(this.#next);
    let [least, most]: [number, number | null] = [1, 1];
    if (range !== null) {
      this.#at++;
      least = Number(range[1] || 0);
      most = range[2] === '' ? least : range[3] === '' ? null : Number(range[3]);
    } else if (this.#take('*')) [least, most] = [0, null];
    else if (this.#take('+')) [least, most] = [1, null];
    else if (this.#take('?')) [least, most] = [0, 1];
    return { kind: 'leaf', name, stream, condition, least, most };
  }

  #condition(): Token[] {
    if (!this.#take('[')) return [];
    const tokens: Token[] = [];
    for (let depth = 1; ;) {
      const token = this.#tokens[this.#at++]!;
      if (token === '[') depth++;
      if (token === ']' && --depth === 0) return tokens;
      tokens.push(token);
    }
  }

  #within(): void {
    if (this.#take('within')) this.withinMs = this.#time();
  }

  #time(): number {
    const number = Number(this.#tokens[this.#at++]);
    const unit = this.#tokens[this.#at++]!;
    const ms = unit.startsWith('sec') ? 1000 : unit.startsWith('milli') ? 1 : 60_000;
    return number * ms;
  }

  #until(word: string): Token[] {
    const tokens: Token[] = [];
    while (this.#next !== '' && this.#next !== word) tokens.push(this.#tokens[this.#at++]!);
    return tokens;
  }
}

/** Fields of each stream, in the order of the definition. */
export function streamsOf({ application }: SiddhiCase): Map<string, string[]> {
  const streams = new Map<string, string[]>();
  for (const [, name, fields] of application.matchAll(/define stream\s+(\w+)\s*\(([^)]*)\)/g))
    streams.set(
      name!,
      fields!.split(',').map((field) => field.trim().split(/\s+/)[0]!),
    );
  return streams;
}

/** The rule that says what the query says; throws MeansOtherwise with the sentence that differs. */
export function siddhiRule(one: SiddhiCase): SiddhiRule {
  const { application } = one;
  const partition = /partition with\s*\(([^)]*)\)/.exec(application);
  const key = partition === null ? '*' : partition[1]!.trim().split(/\s+/)[0]!;
  const body = application
    .replaceAll(/define stream\s+\w+\s*\([^)]*\)\s*;?/g, '')
    .replaceAll(/@\w+(:\w+)?(\s*\([^)]*\))?/g, '')
    .replace(/partition with\s*\([^)]*\)\s*begin/, '');
  const from = /\bfrom\s+([^]*?)(?:\binsert into\b|;|$)/.exec(body);
  if (from === null || /#window|\bhaving\b|\bgroup by\b/.test(body))
    return otherwise(SENTENCES.other);
  const query = new Parser(tokensOf(from[1]!)).query();
  return new Translation(one, query, key).rule();
}

class Translation {
  readonly #case: SiddhiCase;
  readonly #query: Query;
  readonly #key: string;
  readonly #lists = new Map<string, boolean>();
  /** Names of both sides of `or`: the step that stands for them, and the condition of each. */
  readonly #either = new Map<string, { readonly step: string; readonly condition: string }>();

  constructor(one: SiddhiCase, query: Query, key: string) {
    this.#case = one;
    this.#query = query;
    this.#key = key;
  }

  rule(): SiddhiRule {
    const { elements, isEvery, withinMs, isStrict } = this.#query;
    this.#refuse();
    const items = elements.flatMap((element, i) => this.#item(element, i));
    const streams = [...new Set(elements.flatMap(streamNames))];
    const row = this.#row();
    const isCounted = elements.some((one) => one.kind === 'leaf' && one.most !== 1);
    // A counted step keeps what it can take to itself: the next match begins behind it.
    const skip = isEvery === 'first' && !isCounted ? 'SKIP NONE' : 'SKIP PAST LAST';
    const input = isStrict ? `FILTER ${JSON.stringify(streams)}.includes(event.stream)\n  ` : '';
    const within = withinMs === null ? '365:day' : `${withinMs}:ms`;
    const having = row === null ? '' : `\n  HAVING match => ({ row: [${row.join(', ')}] })`;
    return {
      text: `RULE ${JSON.stringify(this.#case.id)}\n  ${input}SEQUENCE BY ${this.#key} WITHIN ${within}\n  ${items.join('\n  ')}\n  ${skip}${having}`,
      onlyFirst: isEvery === 'no',
      hasRow: row !== null,
      isOneAttempt: isStrict && isEvery === 'no',
    };
  }

  #refuse(): void {
    const { elements, isEvery, isStrict } = this.#query;
    if (elements.some(({ kind }) => kind === 'and')) otherwise(SENTENCES.and);
    const [first] = elements;
    if (elements.every(({ kind }) => kind === 'absent')) otherwise(SENTENCES.everyAbsence);
    if (first?.kind === 'absent' && isEvery !== 'no') otherwise(SENTENCES.everyAbsence);
    const leaves = elements.flatMap((one) =>
      one.kind === 'or' ? one.of : one.kind === 'leaf' ? [one] : [],
    );
    if (new Set(leaves.map(({ name }) => name)).size < leaves.length) otherwise(SENTENCES.names);
    const last = elements.at(-1)!;
    if (isEvery !== 'no' && last.kind === 'leaf' && last.most !== last.least && last.least > 1)
      otherwise(SENTENCES.grows);
    const isCounted = leaves.some(({ most }) => most !== 1);
    if (isStrict && isEvery === 'first' && isCounted && leaves[0]!.stream === leaves.at(-1)!.stream)
      otherwise(SENTENCES.pastLast);
    // A leading absence counts from the start of the query.
    const forMs = first?.kind === 'absent' ? first.forMs : null;
    const firstAt = this.#case.events[0]?.at ?? 0;
    if (forMs !== null && firstAt < this.#case.started_at + forMs) otherwise(SENTENCES.start);
  }

  /** What the step after an absence for a time has to wait for. */
  #notBefore = '';

  #item(element: Element, i: number): string[] {
    const { elements, isStrict } = this.#query;
    const how = isStrict && i > 0 ? ' NEXT' : '';
    if (element.kind === 'leaf') {
      const { name, least, most } = element;
      this.#lists.set(name, most !== 1);
      const filter = this.#filter(element, name);
      const inner = isStrict ? ' CONSECUTIVE' : '';
      const times =
        most === 1 && least === 1
          ? ''
          : most === 1
            ? ' OPTIONAL'
            : ` TIMES ${least}${most === null ? ' OR MORE' : most === least ? '' : ` TO ${most}`}${inner}`;
      if (most === null && least === 0)
        return [`STEP ${name}${how} ${filter} TIMES 1 OR MORE${inner} OPTIONAL`];
      return [`STEP ${name}${how} ${filter}${times}`];
    }
    if (element.kind === 'or') {
      const [a, b] = element.of;
      const step = `${a.name}_or_${b.name}`;
      this.#lists.set(step, false);
      const conditions = [a, b].map((leaf) => this.#condition(leaf, leaf.name));
      this.#either.set(a.name, { step, condition: conditions[0]! });
      // Where both hold the first is meant.
      this.#either.set(b.name, { step, condition: `!(${conditions[0]}) && (${conditions[1]})` });
      return [
        `STEP ${step}${how} FILTER (event, match) => ((${conditions[0]}) || (${conditions[1]}))${this.#wait()}`,
      ];
    }
    if (element.kind === 'every') {
      const [none, leaf] = element.of as [Absent, Leaf];
      return [this.#absent(none, `none${i}`, ''), ...this.#item(leaf, i)];
    }
    if (element.kind !== 'absent') return otherwise(SENTENCES.and);
    const { forMs } = element;
    if (i === 0 || i === elements.length - 1)
      return [this.#absent(element, `none${i}`, forMs === null ? '' : ` WITHIN ${forMs}:ms`)];
    // Absent for a time between two steps: the next one comes when it is over, and only until then nothing is there.
    const before = elements[i - 1]!;
    const name = before.kind === 'leaf' ? before.name : otherwise(SENTENCES.other);
    const since = `event.$at - match.${name}${this.#lists.get(name) ? '.at(-1)' : ''}.$at`;
    this.#notBefore = ` && ${since} >= ${forMs}`;
    return [
      `ABSENT none${i} FILTER (event, match) => ${this.#condition(element, null)} && ${since} < ${forMs}`,
    ];
  }

  #absent(element: Absent, name: string, within: string): string {
    return `ABSENT ${name} ${this.#filter(element, null)}${within}`;
  }

  #filter(element: Leaf | Absent, name: string | null): string {
    return `FILTER (event, match) => ${this.#condition(element, name)}${this.#wait()}`;
  }

  #wait(): string {
    const wait = this.#notBefore;
    this.#notBefore = '';
    return wait;
  }

  #condition({ stream, condition }: Leaf | Absent, own: string | null): string {
    const of = `event.stream == ${JSON.stringify(stream)}`;
    return condition.length === 0 ? of : `${of} && (${this.#code(condition, own, stream)})`;
  }

  /** A condition in JavaScript. `own`: the step's own name, `stream`: whose fields bare names are. */
  #code(tokens: readonly Token[], own: string | null, stream: string | null): string {
    const fields = stream === null ? [] : (streamsOf(this.#case).get(stream) ?? []);
    const out: string[] = [];
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i]!;
      const word = token.toLowerCase();
      if (word === 'and') out.push('&&');
      else if (word === 'or') out.push('||');
      else if (word === 'not') out.push('!');
      else if (word === 'is' && tokens[i + 1] === 'null') {
        out.push('== null');
        i++;
      } else if (word === 'ifthenelse') return otherwise(SENTENCES.other);
      else if (this.#lists.has(token) || this.#either.has(token) || token === own) {
        const [text, to] = this.#reference(tokens, i, own);
        out.push(text);
        i = to;
      } else if (fields.includes(token)) out.push(`event.${token}`);
      else if (/^[A-Za-z_]/.test(token)) {
        if (tokens[i + 1] === '(') return otherwise(SENTENCES.other);
        // A field of a name that no stream has.
        out.push(`event.${token}`);
      } else out.push(token);
    }
    return out.join(' ');
  }

  /** `e1.price`, `e1[0].price`, `e1[last - 1].price` from place `i`; gives its code and its last place. */
  #reference(tokens: readonly Token[], i: number, own: string | null): [string, number] {
    const name = tokens[i]!;
    let at = i + 1;
    let index: string | null = null;
    if (tokens[at] === '[') {
      const end = tokens.indexOf(']', at);
      index = tokens.slice(at + 1, end).join('');
      at = end + 1;
    }
    if (tokens[at] !== '.') return otherwise(SENTENCES.other);
    const field = tokens[at + 1]!;
    if (name === own && index === null) return [`event.${field}`, at + 1];
    const either = this.#either.get(name);
    if (either !== undefined) {
      const event = `match.${either.step}`;
      const condition = either.condition.replaceAll('event.', `${event}.`);
      return [`((${condition}) ? ${event}.${field} : undefined)`, at + 1];
    }
    if (!this.#lists.get(name)) return [`match.${name}.${field}`, at + 1];
    const place =
      index === null
        ? 0
        : index.startsWith('last')
          ? -1 - Number(index.slice(5) || 0)
          : Number(index);
    return [`match.${name}.at(${place}).${field}`, at + 1];
  }

  /** The values of `select`; null: some are not of the events. */
  #row(): string[] | null {
    const tokens = this.#query.select;
    if (tokens.includes('*')) return null;
    const values: Token[][] = [[]];
    for (const token of tokens) {
      if (token === ',') values.push([]);
      else values.at(-1)!.push(token);
    }
    try {
      return values.map((value) => {
        const end = value.indexOf('as');
        return this.#code(end < 0 ? value : value.slice(0, end), null, null);
      });
    } catch (error) {
      if (error instanceof MeansOtherwise) return null;
      throw error;
    }
  }
}

function streamNames(element: Element): string[] {
  if (element.kind === 'or' || element.kind === 'every') return element.of.flatMap(streamNames);
  return element.kind === 'and' ? [] : [element.stream];
}
