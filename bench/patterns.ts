// Question: what does a regular expression cost on our engine, beside V8's own?
//
//   node bench/patterns.ts
import { RE2JS } from 're2js';
import { LazyDfa } from '../packages/core/src/patterns/lazy-dfa.ts';
import { makeNfa } from '../packages/core/src/patterns/nfa.ts';
import { parsePattern } from '../packages/core/src/patterns/parse-pattern.ts';
import { compilePattern, isProblem } from '../packages/core/src/patterns/pattern.ts';
import { backtrackingStepsOf } from '../packages/core/src/patterns/harmless.ts';
import { Random } from '../tests/engine/random.ts';
import { saveResult, type Row } from './measured.ts';

const TEXTS = 256;
const ROUNDS = 25;
const ROUND_MS = 15;

interface Question {
  readonly name: string;
  readonly source: string;
  readonly flags: string;
  readonly text: () => string;
  /** V8 takes so long that one text has to do. */
  readonly isCostly?: boolean;
}

const random = new Random(20_261_127);
const letters = (count: number): string =>
  Array.from({ length: count }, () => String.fromCharCode(97 + random.below(26))).join('');
const words = (count: number): string =>
  Array.from({ length: count }, () => letters(random.between(3, 9))).join(' ');
const address = (): string =>
  `${random.of(['10.0', '10.1', '192.168', '172.16'])}.${random.below(256)}.${random.below(256)}`;

const ATTACK_WORDS = ['mimikatz', 'sekurlsa', 'procdump', 'lsadump', 'rubeus'];
const KEYWORDS = Array.from({ length: 32 }, () => letters(random.between(5, 10)));

const sshd = (text: () => string): string =>
  `Nov 27 09:12:${10 + random.below(50)} host sshd[${1000 + random.below(9000)}]: ${text()}`;
const failed = (): string =>
  `Failed password for ${random.chance(0.5) ? 'invalid user ' : ''}${letters(6)} from ${address()} port 22`;
const SSHD = 'Failed password for (?:invalid user )?(\\S+) from ([\\d.]+)';

const QUESTIONS: readonly Question[] = [
  {
    name: 'whole text, letters V digits',
    source: '^([A-Za-z]+)V[0-9]*$',
    flags: '',
    text: () => `${letters(5)}${random.of(['V', 'W'])}${random.below(100)}`,
  },
  { name: 'sshd lines that match', source: SSHD, flags: '', text: () => sshd(failed) },
  {
    name: 'sshd lines that do not',
    source: SSHD,
    flags: '',
    text: () => sshd(() => `Accepted publickey for ${letters(6)} from ${address()} port 22`),
  },
  {
    name: '5 attack words, i',
    source: `(?:${ATTACK_WORDS.join('|')})`,
    flags: 'i',
    text: () =>
      `${words(12)} ${random.chance(0.1) ? random.of(ATTACK_WORDS) : letters(8)} ${words(3)}`,
  },
  {
    name: 'file endings',
    source: '\\.(exe|dll|scr|ps1)$',
    flags: '',
    text: () => `C:\\${words(5).replaceAll(' ', '\\')}.${random.of(['exe', 'txt', 'dll', 'log'])}`,
  },
  {
    name: '32 words, i',
    source: `(?:${KEYWORDS.join('|')})`,
    flags: 'i',
    text: () => `${words(18)} ${random.chance(0.1) ? random.of(KEYWORDS) : letters(8)} ${words(3)}`,
  },
  { name: 'addresses', source: '^10\\.0\\.\\d+\\.\\d+$', flags: '', text: address },
  {
    name: 'three words in order',
    source: 'foo.*bar.*baz',
    flags: '',
    text: () =>
      `${words(7)} ${random.of(['foo', 'fo'])} ${words(4)} bar ${words(3)} ${random.of(['baz', 'ba'])} ${words(2)}`,
  },
  {
    name: 'long text, three words in order',
    source: 'foo.*bar.*baz',
    flags: '',
    text: () => `${words(300)} foo ${words(300)} bar ${words(300)}`,
  },
  {
    name: 'published Sigma rule, 14 plus signs, 7 KB with 13',
    source: '\\+.*'.repeat(13) + '\\+',
    flags: '',
    text: () => `powershell ${`"${letters(3)}" + `.repeat(13)}${letters(7_000)}`,
    isCostly: true,
  },
  {
    name: 'repeat in a repeat, 22 letters',
    source: '^(a+)+$',
    flags: '',
    text: () => `${'a'.repeat(22)}!`,
    isCostly: true,
  },
];

type Test = (text: string) => boolean;

/** Nanoseconds for one test: the least of rounds, in which the engines take turns, as others use the machine too. */
function nsOf(tests: readonly Test[], texts: readonly string[]): number[] {
  const passes = tests.map((test) => passesOf(test, texts));
  const times = tests.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++)
    tests.forEach((test, i) => {
      const from = process.hrtime.bigint();
      for (let pass = 0; pass < passes[i]!; pass++) for (const text of texts) test(text);
      times[i]!.push(Number(process.hrtime.bigint() - from) / (passes[i]! * texts.length));
    });
  return times.map((of) => Math.min(...of));
}

function passesOf(test: Test, texts: readonly string[]): number {
  const from = performance.now();
  let passes = 0;
  do {
    for (const text of texts) test(text);
    passes++;
  } while (performance.now() - from < ROUND_MS);
  return passes;
}

function rowOf({ name, source, flags, text, isCostly = false }: Question): Row {
  const parsed = parsePattern(source, flags);
  const ours = compilePattern(source, flags);
  if (!('tree' in parsed) || isProblem(ours)) throw new Error(`${source} is refused`);
  const nfa = makeNfa(parsed.tree)!;
  const dfa = new LazyDfa(nfa);
  const regex = new RegExp(source, flags);
  const re2 = RE2JS.compile(source, flags === 'i' ? RE2JS.CASE_INSENSITIVE : 0);
  const texts = Array.from({ length: isCostly ? 1 : TEXTS }, () =>
    // In one piece, as text of an event is.
    Buffer.from(text(), 'latin1').toString('latin1'),
  );
  const answers = texts.map((one) => regex.test(one));
  const tests: Test[] = [
    (one) => regex.test(one),
    (one) => ours.test(one),
    (one) => dfa.test(one),
    (one) => re2.test(one),
  ];
  for (const test of tests)
    if (texts.some((one, i) => test(one) !== answers[i]))
      throw new Error(`${source}: answers differ`);
  const [v8, own, table, re2js] = nsOf(tests, texts) as [number, number, number, number];
  return {
    texts: name,
    'mean length': Math.round(texts.reduce((sum, { length }) => sum + length, 0) / texts.length),
    match: `${Math.round((100 * answers.filter(Boolean).length) / texts.length)} %`,
    'V8, ns': v8,
    'ours, ns': own,
    'ours / V8': own / v8,
    by: backtrackingStepsOf(parsed.tree, nfa) === null ? 'automaton' : 'V8, proved',
    'automaton alone / V8': table / v8,
    're2js / V8': re2js / v8,
  };
}

saveResult(
  'patterns',
  'What does a regular expression cost on our engine, beside V8’s own?',
  QUESTIONS.map(rowOf),
  `A test of one text among ${TEXTS} different ones (of one in the last two rows); the least of ${ROUNDS} rounds in which the engines take ` +
    'turns; all give the same answers. "Ours" is what rules get: V8 where the pattern is proved harmless and the text is not too long, else the ' +
    'automaton, behind a search for text that every match holds.',
);
