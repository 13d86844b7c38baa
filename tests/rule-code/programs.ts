// Random programs in the JavaScript of rules, and what becomes of them when somebody spoils them. Every program ends: loops
// go a fixed number of rounds, and functions call only what was declared before them.

/** Numbers by a linear congruential generator (Numerical Recipes, 7.1): the same for the same seed everywhere. */
export class Chance {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  is(percent: number): boolean {
    return this.below(100) < percent;
  }
}

/** Fields of events, and names of fields that programs use in objects of their own. */
const FIELDS = ['a', 'n', 'list', 'o', 'text', 'flag', 'none', 'deep'] as const;
const OWN_FIELDS = ['x', 'y', 'k1', 'name'] as const;
const WORDS = ['""', '"a"', '"b,c"', '"10"', '"0x1"', '" 7 "', '"Text"', '"é"', '"😀z"', "'it'"];
const NUMBERS = ['0', '1', '2', '3', '7', '-1', '0.5', '1e3', '255', '-0', '4294967296'];
const BINARY = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '<',
  '>',
  '<=',
  '>=',
  '==',
  '!=',
  '===',
  '!==',
  '&',
  '|',
  '^',
  '<<',
  '>>',
  '>>>',
  '**',
];

interface Names {
  /** May be assigned to. */
  readonly variables: readonly string[];
  readonly constants: readonly string[];
  readonly functions: readonly string[];
  /** Are events. */
  readonly events: readonly string[];
}

export class Programs {
  readonly #chance: Chance;
  #names = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** A function of the events of a window. */
  next(): string {
    this.#names = 0;
    const names: Names = { variables: [], constants: [], functions: [], events: [] };
    const [text, known] = this.#known(names, 2, this.#chance.below(4));
    // What statements did to their names is seen in the end.
    const seen = [...known.constants, ...known.variables].slice(-3);
    const value = this.#value(known, 2 + this.#chance.below(2));
    return `(events) => { ${text} return [${[value, ...seen].join(', ')}]; }`;
  }

  #fresh = (): string =>
    `${this.#chance.of(['v', 'w', 'total', 'left', 'B', 'H', 't0', 'X'])}${this.#names++}`;

  #statements = (names: Names, depth: number, count: number): string =>
    this.#known(names, depth, count)[0];

  /** Statements, and the names that are known behind them. */
  #known(names: Names, depth: number, count: number): [string, Names] {
    let known = names;
    const texts: string[] = [];
    for (let i = 0; i < count; i++) {
      const [text, more] = this.#statement(known, depth);
      texts.push(text);
      known = more;
    }
    return [texts.join(' '), known];
  }

  #statement(names: Names, depth: number): [string, Names] {
    const chance = this.#chance;
    const inner = depth - 1;
    const block = (more: Partial<Names> = {}): string =>
      `{ ${this.#statements({ ...names, ...more }, inner, 1 + chance.below(2))} }`;
    const kind = depth <= 0 ? chance.below(3) : chance.below(14);
    const name = this.#fresh();
    switch (kind) {
      case 0:
      case 1:
        return [
          `${chance.of(['let', 'var', 'let'])} ${name} = ${this.#value(names, inner)};`,
          { ...names, variables: [...names.variables, name] },
        ];
      case 2:
        return [
          `const ${name} = ${this.#value(names, inner)};`,
          { ...names, constants: [...names.constants, name] },
        ];
      case 3:
      case 4:
        if (names.variables.length === 0) break;
        return [
          `${chance.of(names.variables)} ${chance.of(['=', '+=', '-=', '*=', '=', '||=', '??=', '&&='])} ${this.#value(names, inner)};`,
          names,
        ];
      case 5:
        return [
          `if (${this.#value(names, inner)}) ${block()}${chance.is(40) ? ` else ${block()}` : ''}`,
          names,
        ];
      case 6:
        return [
          `for (let ${name} = 0; ${name} < ${1 + chance.below(4)}; ${name}++) ${block({ constants: [...names.constants, name] })}`,
          names,
        ];
      case 7:
        return [
          `for (const ${name} of events) ${block({ events: [...names.events, name] })}`,
          names,
        ];
      case 8:
        return [
          `for (const ${name} of ${this.#list(names, inner)}) { ${chance.is(20) ? `if (${this.#value(names, 0)}) ${chance.of(['break', 'continue'])};` : ''} ${block({ constants: [...names.constants, name] })} }`,
          names,
        ];
      case 9: {
        const [p, q] = [this.#fresh(), this.#fresh()];
        const constants = [...names.constants, p];
        const body = this.#statements(
          { ...names, constants, variables: [...names.variables, q] },
          inner,
          1,
        );
        const value = this.#value({ ...names, constants }, inner);
        return [
          `function ${name}(${p}, ${q}) { ${body} return ${value}; }`,
          { ...names, functions: [...names.functions, name] },
        ];
      }
      case 10: {
        const of = `{ ${this.#ownField()}: ${this.#value(names, inner)}, ${this.#ownField()}: ${this.#value(names, inner)} }`;
        const key = chance.of([
          this.#ownField(),
          `[${chance.of(['"x"', '"y"', '"k" + 1', '"a"'])}]`,
        ]);
        const access = key.startsWith('[') ? key : `.${key}`;
        return [
          `const ${name} = ${of}; ${name}${access} ${chance.of(['=', '+=', '-='])} ${this.#value(names, inner)}; ${chance.is(30) ? `${name}.x++;` : ''}`,
          { ...names, constants: [...names.constants, name] },
        ];
      }
      case 11: {
        const change = chance.of([
          `push(${this.#value(names, inner)})`,
          'pop()',
          'shift()',
          `unshift(${this.#value(names, 0)})`,
          'reverse()',
          'sort()',
        ]);
        return [
          `const ${name} = [${this.#scalar(names, inner)}, ${this.#scalar(names, inner)}]; ${name}.${change}; ${chance.is(40) ? `${name}[${chance.below(3)}] = ${this.#value(names, 0)};` : ''}`,
          { ...names, constants: [...names.constants, name] },
        ];
      }
      case 12: {
        const pattern = chance.of([
          `{ ${chance.of(FIELDS)}: ${name} }`,
          `{ ${chance.of(FIELDS)}: ${name} = ${this.#value(names, 0)} }`,
        ]);
        return [
          `const ${pattern} = ${this.#event(names)};`,
          { ...names, constants: [...names.constants, name] },
        ];
      }
      case 13: {
        const cases = Array.from(
          { length: 1 + chance.below(3) },
          () =>
            `case ${this.#scalar(names, 0)}: ${this.#statements(names, 0, 1).replace(/^(?:const|let|var) .*/, '')} ${chance.is(70) ? 'break;' : ''}`,
        );
        return [`switch (${this.#value(names, inner)}) { ${cases.join(' ')} default: }`, names];
      }
      default:
    }
    return [`let ${name};`, { ...names, variables: [...names.variables, name] }];
  }

  #ownField = (): string => this.#chance.of(OWN_FIELDS);

  /** Anything. */
  #value(names: Names, depth: number): string {
    const chance = this.#chance;
    if (depth <= 0) return this.#leaf(names);
    const inner = depth - 1;
    switch (chance.below(17)) {
      case 0:
      case 1:
      case 2:
        return `(${this.#value(names, inner)} ${chance.of(BINARY)} ${this.#value(names, inner)})`.replace(
          /^\((-[^ ]+) \*\*/,
          '(($1) **',
        );
      case 3:
        return `(${this.#value(names, inner)} ${chance.of(['&&', '||', '??'])} (${this.#value(names, inner)}))`.replace(
          /\?\?/,
          '||',
        );
      case 4:
        return `(${this.#value(names, inner)} ? ${this.#value(names, inner)} : ${this.#value(names, inner)})`;
      case 5:
        return `(${chance.of(['!', '-', '+', '~', 'typeof '])}(${this.#value(names, inner)}))`;
      case 6:
        return `\`${chance.of(['', 'x', '-'])}\${${this.#scalar(names, inner)}}${chance.of(['', 'y'])}\${${this.#scalar(names, inner)}}\``;
      case 7:
      case 8:
        return this.#ofText(names, inner);
      case 9:
      case 10:
        return this.#ofList(names, inner);
      case 11:
        return this.#list(names, inner);
      case 12:
        return (
          `{ ${this.#ownField()}: ${this.#value(names, inner)}, ${chance.is(30) ? `[${this.#scalar(names, 0)}]: 1, ` : ''}${chance.is(20) ? `...${this.#event(names)}.o` : 'y: 2'} }`.replace(
            /^/,
            '(',
          ) + ')'
        );
      case 13:
        return names.functions.length === 0
          ? this.#leaf(names)
          : `${chance.of(names.functions)}(${this.#value(names, inner)}, ${this.#value(names, 0)})`;
      case 14:
        return `${chance.of(['Math.abs', 'Math.floor', 'Math.round', 'Number', 'String', 'Boolean', 'Math.max', 'Math.min', 'parseInt', 'parseFloat', 'Number.isInteger', 'isNaN', 'Array.isArray'])}(${this.#scalar(names, inner)})`;
      case 15:
        return `JSON.stringify(${this.#value(names, inner)})`;
      default:
        return `((p) => ${this.#value({ ...names, constants: [...names.constants, 'p'] }, inner)})(${this.#value(names, 0)})`;
    }
  }

  #event = (names: Names): string =>
    names.events.length > 0 && this.#chance.is(60)
      ? this.#chance.of(names.events)
      : `events[${this.#chance.below(2)}]`;

  #leaf(names: Names): string {
    const chance = this.#chance;
    const known = [...names.variables, ...names.constants];
    switch (chance.below(7)) {
      case 0:
        return chance.of(NUMBERS);
      case 1:
        return chance.of(WORDS);
      case 2:
        return chance.of(['true', 'false', 'null', 'undefined', 'NaN', 'events.length']);
      case 3:
        return `${this.#event(names)}.${chance.of(FIELDS)}${chance.is(25) ? chance.of(['?.x', '[0]', '["y"]', '?.[1]', '.length']) : ''}`;
      default:
        return known.length === 0 ? chance.of(NUMBERS) : chance.of(known);
    }
  }

  /** More often a number or a text than not. */
  #scalar(names: Names, depth: number): string {
    const chance = this.#chance;
    switch (chance.below(5)) {
      case 0:
        return chance.of(NUMBERS);
      case 1:
        return chance.of(WORDS);
      case 2:
        return `${this.#event(names)}.${chance.of(['a', 'n', 'text', 'flag'])}`;
      case 3:
        return depth > 0 ? this.#ofText(names, depth - 1) : chance.of(WORDS);
      default:
        return depth > 0 ? this.#value(names, depth - 1) : this.#leaf(names);
    }
  }

  #text = (names: Names): string =>
    this.#chance.of([
      ...WORDS,
      `String(${this.#leaf(names)})`,
      `${this.#event(names)}.text`,
      `${this.#event(names)}.a`,
    ]);

  #ofText(names: Names, depth: number): string {
    const chance = this.#chance;
    const text = this.#text(names);
    const [w, n, m] = [
      chance.of(WORDS),
      chance.of(NUMBERS.slice(0, 7)),
      chance.of(NUMBERS.slice(0, 7)),
    ];
    const method = chance.of([
      'toLowerCase()',
      'toUpperCase()',
      'trim()',
      `includes(${w})`,
      `startsWith(${w})`,
      `endsWith(${w})`,
      `indexOf(${w})`,
      `lastIndexOf(${w})`,
      `slice(${n})`,
      `slice(${n}, ${m})`,
      `substring(${n}, ${m})`,
      `charAt(${n})`,
      `charCodeAt(${n})`,
      `at(${n})`,
      `split(${w})`,
      `split(${w}, 2)`,
      `split("")`,
      `replace(${w}, ${chance.of(['"-"', '"$&$&"', '"$$"', '"$\'"', w])})`,
      `replaceAll(${w}, ${chance.of(['"-"', '"$&!"', w])})`,
      `concat(${this.#scalar(names, depth)})`,
      `repeat(${chance.below(3)})`,
      `padStart(5, ${w})`,
      `padEnd(4)`,
      'length',
      `[${n}]`,
      `includes(${this.#scalar(names, depth)})`,
      `slice(${this.#scalar(names, depth)})`,
    ]);
    return method.startsWith('[') ? `${text}${method}` : `${text}.${method}`;
  }

  #list(names: Names, depth: number): string {
    const chance = this.#chance;
    switch (chance.below(6)) {
      case 0:
        return `${this.#event(names)}.list`;
      case 1:
        return `[${this.#value(names, depth - 1)}, ...${chance.of(['events[0].list', '"ab"', '[1, 2]'])}]`;
      case 2:
        return `Object.${chance.of(['keys', 'values', 'entries'])}(${this.#event(names)}.o)`;
      case 3:
        return depth > 0
          ? `events.map((e, i) => ${this.#value({ ...names, events: [...names.events, 'e'], constants: [...names.constants, 'i'] }, depth - 1)})`
          : '[2, 1]';
      case 4:
        return depth > 0
          ? `${this.#list(names, depth - 1)}.slice(${chance.below(2)})`
          : '["b", "a"]';
      default:
        return `[${this.#scalar(names, depth - 1)}, ${this.#value(names, depth - 1)}, ${this.#scalar(names, 0)}]`;
    }
  }

  #ofList(names: Names, depth: number): string {
    const chance = this.#chance;
    const inside = (of: readonly string[]): Names => ({
      ...names,
      constants: [...names.constants, ...of],
    });
    const one = (): string => `(q, i) => ${this.#value(inside(['q', 'i']), depth - 1)}`;
    if (chance.is(30)) {
      const f = (e: string): string =>
        this.#value({ ...names, events: [...names.events, e] }, depth - 1);
      return chance.of([
        () => `events.filter((e) => ${f('e')}).length`,
        () => `events.some((e) => ${f('e')})`,
        () => `events.every((e) => ${f('e')})`,
        () => `events.find((e) => ${f('e')})?.n`,
        () => `events.findIndex((e) => ${f('e')})`,
        () => `events.reduce((s, e) => s + (${f('e')}), ${chance.of(['0', '""'])})`,
        () => `events.toSorted((e, g) => e.n - g.n)[0].a`,
        () => `events.at(-1).${chance.of(FIELDS)}`,
      ])();
    }
    const list = this.#list(names, depth);
    return `${list}.${chance.of([
      () => `map(${one()})`,
      () => `filter(${one()})`,
      () => `some(${one()})`,
      () => `every(${one()})`,
      () => `find(${one()})`,
      () => `findLast(${one()})`,
      () => `findIndex(${one()})`,
      () => `findLastIndex(${one()})`,
      () => `flatMap(${one()})`,
      () => 'flat()',
      () => `join(${chance.of(['', '"-"', '""'])})`,
      () => `includes(${this.#scalar(names, depth - 1)})`,
      () => `indexOf(${this.#scalar(names, depth - 1)})`,
      () => `concat(${this.#value(names, depth - 1)}, [1])`,
      () => `reduce((s, q) => s + q)`,
      () => `reduce((s, q) => ${this.#value(inside(['s', 'q']), depth - 1)}, 0)`,
      () => 'toSorted()',
      () => 'toSorted((q, r) => q - r)',
      () => 'toReversed()',
      () => `at(${chance.of(['0', '-1', '5'])})`,
      () => 'length',
      () => `slice(0, ${chance.below(3)}).length`,
      () => `map(${chance.of(['Number', 'String', 'Boolean'])})`,
    ])()}`;
  }
}

/** What leads out of the subset, or perhaps of the rule. */
const HOSTILE = [
  ...[
    'constructor',
    '__proto__',
    'prototype',
    'arguments',
    'caller',
    'callee',
    'this',
    'eval',
    'Function',
    'globalThis',
  ],
  ...[
    'process',
    'require',
    'import("fs")',
    'new ',
    'class A {}',
    'async ',
    'await ',
    'yield ',
    'function* g() {}',
    'delete ',
  ],
  ...[
    'void ',
    '.call(',
    '.apply(',
    '.bind(',
    '["constructor"]',
    '["__proto__"]',
    '?.constructor',
    'toString',
    'valueOf',
  ],
  ...[
    'toJSON',
    'then',
    'Symbol',
    'Proxy',
    'Reflect',
    'Object',
    'Array',
    'H',
    'B',
    'X',
    'S',
    's0',
    't0',
    'u$events',
    'H.get',
  ],
  ...[
    '__defineGetter__',
    'get x() { return 1 },',
    'set x(v) {},',
    'super.x',
    'label:',
    'with (events) {}',
    'try {',
    '} catch (e) {',
  ],
  ...[
    'throw 1;',
    'debugger;',
    '`${events}`',
    '/a/.test("a")',
    '/(a+)+$/',
    'events',
    '...events',
    '...',
    '=>',
    '(',
    ')',
    '{',
    '}',
    '[',
    ']',
  ],
  ...[
    ',',
    ';',
    '"',
    "'",
    '`',
    '${',
    '\\u0065',
    '/*',
    '*/',
    '//',
    '<!--',
    '-->',
    '#x',
    '@',
    '1n',
    '?.',
    '??',
    '**',
    '=',
    '===',
  ],
  ...[
    'while (true) {}',
    'for (;;) {}',
    'const f = () => f(); f();',
    's += s;',
    '.push(1)',
    '.repeat(1e9)',
    '.join(events)',
    '\u0001',
  ],
];

/** The program with one or two of its places spoilt. */
export function spoilt(program: string, chance: Chance): string {
  let text = program;
  for (let times = 1 + chance.below(2); times > 0; times--) {
    const at = chance.below(text.length);
    const end = chance.is(50) ? at : Math.min(text.length, at + chance.below(12));
    // Names are put where names were more often than elsewhere: what is nonsense never gets far.
    const word = /[a-z]\w*/gi;
    word.lastIndex = at;
    const found = chance.is(60) ? word.exec(text) : null;
    const [from, to] = found === null ? [at, end] : [found.index, found.index + found[0].length];
    const put = chance.is(15)
      ? text.slice(chance.below(text.length)).slice(0, 20)
      : chance.of(HOSTILE);
    text = text.slice(0, from) + put + text.slice(to);
  }
  return text;
}
