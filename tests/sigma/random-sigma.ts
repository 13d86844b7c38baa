import type { Random } from '../engine/random.ts';

type Fields = Record<string, unknown>;

export interface SigmaCase {
  readonly rule: Fields;
  readonly events: readonly Fields[];
}

const FIELDS = ['a', 'b', 'c.d', 'c.d.e', 'Threat Name', 'fields', 'length'];
const TEXTS = [
  'x',
  'Xy',
  'evil',
  'C:\\Windows\\cmd.exe',
  '\\cmd.exe',
  '\\\\server\\share',
  'cmd /c -enc a-b',
  ' -EncodedCommand',
  'ÄÖß',
  'café',
  '漢字😀',
  'a*b',
  'what?',
  'two\nlines',
  '',
  ' ',
  '10.1.2.3',
  '2001:db8::1',
  '4688',
  '007',
  '1e3',
  'true',
  'False',
  'null',
  '-',
  '2026-11-24T08:09:10Z',
  '2021-01-03T23:59:59Z',
  '%user%',
];
const NUMBERS = [0, 1, 7, 4688, -3, 1000, 2.5];

/** A rule of Sigma and events of which some match it. Every feature of the specification's modifiers occurs. */
export function randomSigmaCase(random: Random): SigmaCase {
  const generator = new Generator(random);
  return generator.make();
}

class Generator {
  readonly #random: Random;
  /** Texts that hold what the rule looks for. */
  readonly #found: string[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  make(): SigmaCase {
    const detection: Fields = {};
    const count = 1 + this.#random.below(4);
    const names = ['selection', 'sel_a', 'sel_b', '_hidden', 'filter'].slice(0, count);
    for (const name of names) detection[name] = this.#search();
    detection['condition'] = this.#random.chance(0.08)
      ? [this.#condition(names, 0), this.#condition(names, 0)]
      : this.#condition(names, 0);
    const rule = { title: 'random', logsource: { product: 'test' }, detection };
    return { rule, events: Array.from({ length: 6 }, () => this.#event()) };
  }

  #pick<Value>(values: readonly Value[]): Value {
    return values[this.#random.below(values.length)]!;
  }

  // ---- the rule --------------------------------------------------------------------------------------------------

  #condition(names: readonly string[], depth: number): string {
    const choice = this.#random.below(depth > 2 ? 2 : 7);
    const them = names.some((name) => !name.startsWith('_')) ? ['them'] : [];
    const sel = names.some((name) => name.startsWith('sel')) ? ['sel*', 's*l*'] : [];
    switch (choice) {
      case 0:
        return this.#pick(names);
      case 1: {
        const quantity = this.#pick(['1', 'all', 'any', '2', 'ALL']);
        return `${quantity} of ${this.#pick([...them, ...sel, '*'])}`;
      }
      case 2:
        return `not ${this.#condition(names, depth + 1)}`;
      case 3:
        return `(${this.#condition(names, depth + 1)})`;
      default: {
        const link = this.#pick(['and', 'or', 'AND', 'or not', 'and not']);
        return `${this.#condition(names, depth + 1)} ${link} ${this.#condition(names, depth + 1)}`;
      }
    }
  }

  #search(): unknown {
    switch (this.#random.below(8)) {
      case 0:
        return Array.from({ length: 1 + this.#random.below(2) }, () => this.#map());
      case 1:
        return Array.from({ length: 1 + this.#random.below(3) }, () => this.#keyword());
      case 2:
        return [this.#keyword(), this.#map()];
      default:
        return this.#map();
    }
  }

  #keyword(): unknown {
    const value = this.#random.chance(0.2) ? this.#pick(NUMBERS) : this.#text();
    // The keyword of nothing would be found in everything.
    return value === '' ? 'x' : value;
  }

  #map(): Fields {
    const map: Fields = {};
    for (let i = 0; i < 1 + this.#random.below(3); i++) {
      if (this.#random.chance(0.05)) map['|all'] = [this.#keyword(), this.#keyword()];
      else Object.assign(map, this.#item(this.#pick(FIELDS)));
    }
    return map;
  }

  #item(field: string): Fields {
    const way = this.#random.below(16);
    const all = this.#random.chance(0.2) ? '|all' : '';
    const cased = this.#random.chance(0.15) ? '|cased' : '';
    const neq = this.#random.chance(0.08) ? '|neq' : '';
    const list = (make: () => unknown): unknown =>
      all !== '' || this.#random.chance(0.4)
        ? Array.from({ length: this.#random.below(4) + (all === '' ? 0 : 1) }, make)
        : make();
    switch (way) {
      case 0:
        return {
          [`${field}|re${this.#pick(['', '|i', '|s', '|m|i'])}${all}`]: list(() => this.#pattern()),
        };
      case 1:
        return {
          [`${field}|cidr`]: list(() =>
            this.#pick(['10.0.0.0/8', '10.1.2.3', '2001:db8::/32', '0.0.0.0/0']),
          ),
        };
      case 2:
        return {
          [`${field}|${this.#pick(['gt', 'gte', 'lt', 'lte'])}${neq}`]: list(() =>
            this.#pick(NUMBERS),
          ),
        };
      case 3:
        return { [`${field}|exists`]: this.#random.chance(0.5) };
      case 4: {
        const how = this.#pick(['', '|contains', '|startswith', '|endswith']);
        return { [`${field}|fieldref${how}${cased}${neq}`]: this.#pick(FIELDS) };
      }
      case 5: {
        const part = this.#pick(['minute', 'hour', 'day', 'week', 'month', 'year']);
        return { [`${field}|${part}`]: list(() => this.#pick([9, 8, 24, 11, 2026, 53, 48, 59])) };
      }
      case 6:
        return { [`${field}|windash|contains${all}`]: list(() => this.#plain()) };
      case 7: {
        const encoding = this.#pick(['', '|wide', '|utf16le', '|utf16be', '|utf16']);
        const base = this.#pick(['|base64', '|base64offset']);
        return {
          [`${field}${encoding}${base}|contains${cased}`]: list(() => this.#encoded(encoding)),
        };
      }
      case 8:
        return { [`${field}${neq}`]: list(() => this.#pick([null, '', ...NUMBERS, true, false])) };
      default: {
        const how = this.#pick(['', '|contains', '|startswith', '|endswith']);
        return { [`${field}${how}${all}${cased}${neq}`]: list(() => this.#text()) };
      }
    }
  }

  /** Text with wildcards and escapes; what it looks for goes into events. */
  #text(): string {
    const text = this.#plain();
    if (!this.#random.chance(0.4)) return text;
    // Between the halves of a letter beyond the first plane nothing may stand.
    const letters = [...text];
    const at = this.#random.below(letters.length + 1);
    const between = this.#pick(['*', '?', '\\*', '\\?', '\\\\', '**', '\\']);
    const skip = between === '*' || between === '?' ? this.#random.below(2) : 0;
    return [...letters.slice(0, at), between, ...letters.slice(at + skip)].join('');
  }

  #plain(): string {
    const text = this.#pick(TEXTS);
    this.#found.push(text);
    return text;
  }

  #encoded(encoding: string): string {
    const text = this.#pick(['evil', 'Xy', 'café', 'cmd /c', '漢😀', 'a']);
    const utf16 = Buffer.from(encoding === '|utf16' ? `\ufeff${text}` : text, 'utf16le');
    const bytes =
      encoding === '' ? Buffer.from(text) : encoding === '|utf16be' ? utf16.swap16() : utf16;
    const before = Buffer.from('abc'.slice(0, this.#random.below(4)));
    const after = Buffer.from('xyz'.slice(0, this.#random.below(4)));
    this.#found.push(
      Buffer.concat([before, bytes, after]).toString('base64'),
      bytes.toString('base64'),
    );
    return text;
  }

  #pattern(): string {
    return this.#pick([
      'evil',
      '^x',
      'cmd\\.exe$',
      '[A-C]:',
      '\\d+',
      'two.lines',
      '^lines',
      '(?i)XY',
      'é',
      '^$',
      '-e?n',
    ]);
  }

  // ---- events ----------------------------------------------------------------------------------------------------

  #event(): Fields {
    const event: Fields = {};
    for (const field of FIELDS) {
      if (this.#random.chance(0.35)) continue;
      this.#put(event, field, this.#value());
    }
    if (this.#random.chance(0.3)) event['deep'] = { list: [{ text: this.#value() }] };
    return event;
  }

  #put(event: Fields, field: string, value: unknown): void {
    const steps = field.split('.');
    if (steps.length === 1 || this.#random.chance(0.4)) event[field] = value;
    else {
      const [first = '', ...rest] = steps;
      const inner = event[first];
      const within =
        typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
      event[first] = { ...within, [rest.join('.')]: value };
    }
  }

  #value(): unknown {
    switch (this.#random.below(12)) {
      case 0:
        return this.#pick(NUMBERS);
      case 1:
        return this.#random.chance(0.5);
      case 2:
        return null;
      case 3:
        return Array.from({ length: this.#random.below(3) }, () => this.#value());
      case 4:
        return { inner: this.#leaf() };
      default:
        return this.#leaf();
    }
  }

  #leaf(): string {
    const text =
      this.#found.length > 0 && this.#random.chance(0.7)
        ? this.#pick(this.#found)
        : this.#pick(TEXTS);
    switch (this.#random.below(8)) {
      case 0:
        return text.toUpperCase();
      case 1:
        return text.toLowerCase();
      case 2:
        return `zz${text}`;
      case 3:
        return `${text}\nzz`;
      case 4:
        return text.replace('-', this.#pick(['/', '\u2013', '\u2014', '\u2015']));
      default:
        return text;
    }
  }
}
