import type { Random } from './random.ts';

/** The text of a SEQUENCE, ALL or JOIN over the fields that random events have. */
export function randomParts(random: Random): string[] {
  const kind = random.of(['sequence', 'sequence', 'sequence', 'all', 'join']);
  if (kind === 'all') return randomAll(random);
  return kind === 'join' ? randomJoin(random) : randomSequence(random);
}

const KEYS = ['u', 'u', 'u', '*', 'EACH list', 'k = utils.lower(event.u)'];
const OTHER_KEYS = ['v', 'o', 'k = event.u', 'EACH list'];

const CONDITIONS = [
  'event.v == 1',
  'event.v == 2',
  'event.v > 0',
  "event.u == 'a'",
  "event.u != 'b'",
  'event.v < 2',
  'event.list',
  'true',
  'event.o.p',
  'event.u.toUpperCase() == "A"',
];

function choice(random: Random, keys: string, conditions: readonly string[]): string {
  const by = keys !== '*' && random.chance(0.12) ? ` BY ${random.of(OTHER_KEYS)}` : '';
  const sources = random.chance(0.15)
    ? ` SOURCES ${random.of(["$source = 'one'", "kind = 'two'", "u = ['a', 'b']"])}`
    : '';
  const filter = random.chance(0.95) ? ` FILTER ${random.of(conditions)}` : '';
  return by + sources + filter;
}

interface Making {
  readonly random: Random;
  readonly keys: string;
  /** Names of steps so far, and which of them are lists. */
  readonly names: { name: string; isList: boolean }[];
  readonly readsMatch: boolean;
  count: number;
}

function conditionsOf({ names, readsMatch }: Making): readonly string[] {
  if (!readsMatch || names.length === 0) return CONDITIONS;
  const ofMatch = names.flatMap(({ name, isList }) =>
    isList
      ? [
          `(e, m) => m.${name}.length > 1`,
          `(e, m) => m.${name}.at(-1).v <= e.v`,
          `(event, match) => match.${name}.some((one) => one.u == event.u)`,
        ]
      : [
          `(e, m) => e.v == m.${name}.v`,
          `(e, m) => e.u != m.${name}.u`,
          `(e, { ${name} }) => ${name}.v < 2`,
        ],
  );
  return [...CONDITIONS, ...ofMatch.filter((one) => !one.includes('{'))];
}

function loop(random: Random, making: Making): { text: string; isList: boolean } {
  if (random.chance(0.55)) return { text: '', isList: false };
  const range = random.of(['2', '1 TO 2', '2 TO 3', '1 OR MORE', '2 OR MORE', '0 TO 2', '1']);
  const greedy = random.chance(0.2) ? ' GREEDY' : '';
  const inner = random.of(['', '', '', ' CONSECUTIVE', ' COMBINATIONS']);
  const until = random.chance(0.15) ? ` UNTIL ${random.of(conditionsOf(making))}` : '';
  return { text: ` TIMES ${range}${greedy}${inner}${until}`, isList: range !== '1' };
}

function step(making: Making, isFirst: boolean, depth: number, isRepeated: boolean): string {
  const { random } = making;
  const name = `s${making.count++}`;
  if (depth < 2 && random.chance(0.1)) {
    const repeats = loop(random, making);
    const inner = items(
      making,
      random.between(1, 2),
      isFirst,
      depth + 1,
      isRepeated || repeats.isList,
    );
    return `STEP ${name} (${inner.join(' ')})${repeats.text}${random.chance(0.1) ? ' OPTIONAL' : ''}`;
  }
  const contiguity = isFirst ? '' : random.of(['', '', '', ' NEXT', ' ANY']);
  const own = loop(random, making);
  const isList = isRepeated || own.isList;
  // A step may read its own list so far.
  if (isList) making.names.push({ name, isList });
  const chosen = choice(random, making.keys, conditionsOf(making));
  if (!isList) making.names.push({ name, isList });
  const optional = random.chance(0.15) ? ' OPTIONAL' : '';
  const within = !isFirst && random.chance(0.12) ? ` WITHIN ${random.of(['5:ms', '15:ms'])}` : '';
  return `STEP ${name}${contiguity}${chosen}${own.text}${optional}${within}`;
}

function items(
  making: Making,
  count: number,
  isFirst: boolean,
  depth: number,
  isRepeated: boolean,
): string[] {
  const { random } = making;
  const list: string[] = [];
  for (let i = 0; i < count; i++) {
    list.push(step(making, isFirst && i === 0, depth, isRepeated));
    if (i + 1 < count && random.chance(0.15)) list.push(absent(making));
  }
  return list;
}

function absent(making: Making, within = ''): string {
  const next = within === '' && making.random.chance(0.2) ? ' NEXT' : '';
  return `ABSENT n${making.count++}${next}${choice(making.random, making.keys, conditionsOf(making))}${within}`;
}

function randomSequence(random: Random): string[] {
  const keys = random.of(KEYS);
  const making: Making = { random, keys, names: [], readsMatch: random.chance(0.3), count: 0 };
  const count = random.of([1, 2, 2, 2, 3]);
  const list = items(making, count, true, 0, false);
  if (random.chance(0.12)) {
    // Before the first event there is nothing of a match to read.
    const own = { ...making, readsMatch: false };
    list.unshift(absent(own, ` WITHIN ${random.of(['10:ms', '30:ms'])}`));
    making.count = own.count;
  }
  if (random.chance(0.2))
    list.push(absent(making, random.chance(0.5) ? ` WITHIN ${random.of(['10:ms', '25:ms'])}` : ''));
  const text = list.join(' ');
  const isWide = /COMBINATIONS|ANY|MORE/.test(text);
  const span = random.of(isWide ? ['15:ms', '25:ms', '30:ms'] : ['20:ms', '40:ms', '80:ms']);
  const lines = [`SEQUENCE BY ${keys} WITHIN ${span}`, ...list];
  if (random.chance(0.1)) lines.push(`CANCEL ${random.of(conditionsOf(making))}`);
  const steps = making.names.map(({ name }) => name);
  const skip = random.of([
    '',
    '',
    '',
    'SKIP NONE',
    'SKIP TO NEXT',
    `SKIP TO FIRST ${random.of(steps)}`,
    `SKIP TO LAST ${random.of(steps)}`,
  ]);
  if (skip !== '') lines.push(skip);
  if (random.chance(0.25)) lines.push(`HAVING ${randomHaving(random, making)}`);
  return lines;
}

function randomHaving(random: Random, { names }: Making): string {
  const { name, isList } = random.of(names);
  if (isList)
    return random.of([
      `match => match.${name}.length > 1`,
      `match => ({ vs: match.${name}.map((one) => one.v), n: match.${name}.length })`,
      `match.${name}.length >= 1 && { last: match.${name}.at(-1).u }`,
    ]);
  return random.of([
    `match => ({ v: match.${name}.v, u: match.${name}.u })`,
    `match.${name}.v == 1`,
    `match => match.${name} == undefined || match.${name}.v != 0`,
  ]);
}

function randomAll(random: Random): string[] {
  const keys = random.of(KEYS);
  const lines = [`ALL BY ${keys} WITHIN ${random.of(['15:ms', '40:ms', '80:ms'])}`];
  const count = random.between(1, 3);
  for (let i = 0; i < count; i++) {
    const times = random.chance(0.3) ? ` TIMES ${random.between(2, 3)}` : '';
    lines.push(`STEP s${i}${choice(random, keys, CONDITIONS)}${times}`);
  }
  if (random.chance(0.25)) lines.push(`ABSENT n${choice(random, keys, CONDITIONS)}`);
  if (random.chance(0.2))
    lines.push(
      `HAVING ${random.of(['match => ({ u: match.s0.u })', 'match.s0.v > 0', 'match.s0 && { is: 1 }'])}`,
    );
  return lines.some((line) => /STEP s0.*TIMES/.test(line))
    ? lines.filter((line) => !line.startsWith('HAVING'))
    : lines;
}

function randomJoin(random: Random): string[] {
  const keys = random.of(KEYS);
  const far = random.of([
    'WITHIN 20:ms',
    'WITHIN 60:ms',
    'BETWEEN -10:ms AND 30:ms',
    'BETWEEN 5:ms AND 40:ms',
    'BETWEEN -30:ms AND -5:ms',
    'BETWEEN 0:ms AND 0:ms',
  ]);
  const lines = [
    `JOIN BY ${keys} ${far}`,
    `SIDE a${choice(random, keys, CONDITIONS)}`,
    `SIDE b${choice(random, keys, CONDITIONS)}`,
  ];
  if (random.chance(0.3)) lines.push(`KEEP ${random.of(['', 'ONLY '])}UNMATCHED a`);
  if (random.chance(0.2)) lines.push(`KEEP ${random.of(['', 'ONLY '])}UNMATCHED b`);
  if (random.chance(0.25))
    lines.push(
      `HAVING ${random.of(['(a, b) => a.v != b.v', '(a, b) => ({ us: [a.u, b.u] })', 'a.u == b.u && { u: a.u }', '(a) => a.v > 0'])}`,
    );
  return lines;
}
