import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { noSources } from '../config/config.ts';
import { compile } from '../compile.ts';
import { formatDiagnostic } from '../diagnostics/format.ts';
import { codes } from '../diagnostics/codes.ts';
import { parse } from './parse.ts';
import { printRules } from './print.ts';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));
const sources = {
  ...noSources,
  lists: ['bad', 'worse'].map((name) => ({ name, kind: 'exact' as const, file: name })),
};

/** Printing is stable, and what is printed means the same. */
function roundTrips(text: string): void {
  const first = compile([{ name: 'r.weir', text }], { sources });
  const errors = first.diagnostics.filter(({ severity }) => severity === 'error');
  assert.deepEqual(errors, [], text);
  const printed = printRules(first.rules.map(({ syntax }) => syntax));
  const second = compile([{ name: 'r.weir', text: printed }], { sources });
  assert.equal(printRules(second.rules.map(({ syntax }) => syntax)), printed);
  assert.deepEqual(second.plan, first.plan, printed);
  assert.deepEqual(
    second.rules.map(({ syntax }) =>
      syntax.tests.map(({ events, expect }) => ({ events, expect })),
    ),
    first.rules.map(({ syntax }) => syntax.tests.map(({ events, expect }) => ({ events, expect }))),
  );
}

const name = fc.constantFrom(
  'user',
  'http.status',
  '`odd name`',
  "['a.b']",
  '@timestamp',
  'filter',
  'within',
);
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((one) =>
  JSON.stringify(one)
    .replace(/\\u0000/g, '0')
    .replace(/[\ud800-\udfff\u0000]/g, '.'),
);
const span = fc
  .tuple(
    fc.integer({ min: 1, max: 90 }),
    fc.constantFrom('ms', ':sec', ' min', 'h', ':day', ' weeks'),
  )
  .map(([n, unit]) => `${n}${unit}`);

const { expression } = fc.letrec((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'event.a',
      "event['b c'].d",
      'event.a.b.length',
      '5',
      '-0.5',
      '1e21',
      'true',
      'null',
      'undefined',
      '/a[/"]b\\//i.test(event.x)',
      'utils.lower(event.u)',
      '`x${event.a}y`',
    ),
    text,
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom(
          '+',
          '-',
          '*',
          '/',
          '%',
          '**',
          '==',
          '!==',
          '<',
          '>=',
          '&&',
          '||',
          '&',
          '|',
          '^',
          '<<',
          '>>>',
        ),
        tie('expression'),
      )
      .map(([a, op, b]) => `(${a as string}) ${op} (${b as string})`),
    fc
      .tuple(fc.constantFrom('!', '-', '+', '~', 'typeof '), tie('expression'))
      .map(([op, a]) => `${op}(${a as string})`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([a, b, c]) => `(${a as string}) ? ${b as string} : ${c as string}`),
    fc
      .tuple(tie('expression'), tie('expression'))
      .map(([a, b]) => `((${a as string}) ?? (${b as string}))`),
    fc.array(tie('expression'), { maxLength: 3 }).map((list) => `[${list.join(', ')}]`),
    tie('expression').map((a) => `({ k: ${a as string}, 'odd key': 1, ...event.o })`),
    tie('expression').map((a) => `event.list.map((x) => x + (${a as string})).join()`),
    tie('expression').map(
      (a) =>
        `(function (x) { let y = x; for (const z of [1]) { y += z; } if (y > 2) return ${a as string}; else { return y; } })(1)`,
    ),
    tie('expression').map((a) => `event.o?.p?.includes(${a as string})`),
  ),
}));

const having = fc.constantFrom(
  'count() >= 3',
  'COUNT(*) > 1 && { n: Count(), "x y": last(event["odd name"]) }',
  'distinct(a, b.c) > 2 || Sum(event.bytes * 8) >= 5',
  'avg(x) > 1.05 * previous(avg(x))',
  'events => events.length > 2',
  'function (events) { return events.map(e => e.a); }',
  'percentile(v, 95) > 3',
  'values(event.a.b, 3).length == 2',
);

const rule = fc.record({
  filter: fc.option(expression as fc.Arbitrary<string>),
  key: name,
  window: fc.oneof(
    span,
    fc.tuple(span).map(([s]) => `${s} SLIDING`),
    span.map((s) => `${s} SLIDING EVERY`),
    span.map((s) => `SESSION ${s}`),
    fc.tuple(span, span).map(([a, b]) => `SESSION ${a} MAX ${b}`),
    span.map((s) => `${s} FROM FIRST`),
    fc.constantFrom('3:events', '1:event', '100 events EXPIRES 1:day'),
    span.map((s) => `${s} SLIDING MAX 2:day`),
  ),
  having: fc.option(having),
  windowed: fc.boolean(),
  facts: fc.array(
    fc.constantFrom(
      'DESCRIPTION "it\\n\'s"',
      'EXCEPT event.a == 1 REASON "known" UNTIL "2027-01-31"',
      'SEVERITY HIGH',
      'TAGS [\'a\', "b"]',
      "owner 'me'",
      'STATUS shadow',
      'LATENESS 0:ms',
      "TENANTS 'x'",
      'USING w BOUND 5 sec',
      'IOC FILTERS IN bad(u) NOT IN IOC worse(`odd name`) OR IN bad(v)',
      'REFERENCES "https://x"',
      'FALSE POSITIVES "a", \'b\'',
    ),
    { maxLength: 6 },
  ),
});

test('printing is stable and keeps the meaning', () => {
  fc.assert(
    fc.property(rule, (r) => {
      const previous = r.having?.includes('previous') ?? false;
      const window = previous ? '5 min, 1:min' : r.window;
      const facts = [
        ...new Map(r.facts.map((fact) => [fact.split(' ')[0]!.toUpperCase(), fact])).values(),
      ].filter((fact) => r.windowed || !/^(USING|LATENESS)/.test(fact));
      const tail = r.windowed
        ? `AGGREGATE BY EACH ${r.key}, k = utils.lower(event.x)\n WITHIN ${window} ${r.having === null ? '' : `HAVING ${r.having}`}`
        : 'SINK event => ({ ...event, x: event.a.b })';
      roundTrips(
        `RULE "r" ${facts.join(' // a comment\n ')}\n SOURCES $source = 's' ${r.filter === null ? '' : `FILTER ${r.filter}`}\n ${tail}\nTEST "t" EVENTS [...times(2, { a: i, b: -1.5, c: [null, { d: \`x\${i}\` }] })] EXPECT 0`,
      );
    }),
    { numRuns: 1000 },
  );
});

test('the rules of the house and of the demo print to themselves', () => {
  for (const file of globSync('{rules,demo/rules}/**/*.weir', { cwd: root }))
    if (!file.includes('listed')) roundTrips(readFileSync(root + file, 'utf8'));
});

test('a broken rule never hides the others, and nothing throws', () => {
  const good = 'RULE "good" FILTER event.a == 1\n';
  const breaks = [
    'RULE "b" FILTER event.a ==\n',
    'RULE "b" FILTER (event.a\n',
    'RULE "b" DESCRIPTION "open\n',
    'RULE "b" FILTER event => { return [ }\n',
    'RULE b FILTER 1\n',
    'RULE "b" SOURCES x = y\n',
    'RULE "b" WITHIN 5:mni\n',
    'RULE "b" TEST "x" EVENTS 5 EXPECT\n',
    'RULE "b" AGGREGATE BY (\n',
  ];
  for (const bad of breaks) {
    const { rules, diagnostics } = parse(
      `${good}${bad}RULE "also good" FILTER event.b == 2`,
      'x.weir',
    );
    assert.ok(diagnostics.length > 0, bad);
    assert.ok(
      rules.some((one) => one.name === 'good') && rules.some((one) => one.name === 'also good'),
      bad,
    );
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (noise) => void parse(noise, 'x')),
    { numRuns: 500 },
  );
  const pieces = fc.array(
    fc.constantFrom(
      'RULE',
      ' "x" ',
      'FILTER',
      'event.a',
      '==',
      '(',
      ')',
      '{',
      '}',
      "'",
      '"',
      '`',
      '/*',
      '//',
      '\n',
      'AGGREGATE BY',
      'WITHIN',
      '5:min',
      'HAVING',
      'count()',
      'TEST',
      'EVENTS',
      '[',
      ']',
      'EXPECT',
      ',',
      '=>',
      'SOURCES',
      '=',
      'IOC FILTERS',
      'IN',
      '/',
      '\\',
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(
      pieces,
      (list) =>
        void compile([{ name: 'x', text: list.join(' ') }], { sources }).diagnostics.map((one) =>
          formatDiagnostic(one, list.join(' ')),
        ),
    ),
    { numRuns: 3000 },
  );
});

test('what is refused says its code, its place, and what to write instead', () => {
  const refused: readonly (readonly [string, string, string])[] = [
    ['RULE "r" FILTRE event.a', 'E102', 'FILTER'],
    ['RULE "r" SOURCES product = windows', 'E106', '"windows"'],
    ['RULE "r" FILTER event.a = 5', 'E109', '=='],
    ['RULE "r" FILTER event.a == 1 and event.b', 'E109', '&&'],
    ['RULE "r" FILTER not event.a', 'E109', '!'],
    ['RULE "r" SEVERITY hihg', 'E113', 'high'],
    ['RULE "r" AGGREGATE BY u WITHIN 5:mni', 'E107', '5:min'],
    ['RULE "r" AGGREGATE BY u', 'E111', 'WITHIN'],
    ['RULE "r" HAVING count() > 1', 'E112', 'AGGREGATE BY'],
    ['RULE "r" AGGREGATE BY u WITHIN 1:min, 5:min', 'E203', 'longer'],
    ['RULE "r" FILTER event.a.toLowercase()', 'E304', 'toLowerCase'],
    ['RULE "r" FILTER utils.include(event.a, "x")', 'E309', ''],
    ['RULE "r" FILTER user == "x"', 'E310', 'event.user'],
    ['RULE "r" AGGREGATE BY u WITHIN 1:min HAVING user == "x"', 'E310', 'last(user)'],
    ['RULE "r" IOC FILTERS IN bda(u)', 'E202', 'bad'],
    ['RULE "r" SEQUENCE BY u STEP a STEP b', 'E111', 'WITHIN 10:min'],
    ['RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a ANY', 'E206', 'leave out ANY'],
    [
      'RULE "r" SEQUENCE BY u WITHIN 1:min STEP a SOURCES x = "a" STEP b NEXT SOURCES x = "b"',
      'E209',
      'FILTER true',
    ],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min ABSENT c STEP a',
      'E208',
      'WITHIN 10:min',
    ],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a ABSENT c WITHIN 1:sec STEP b',
      'E207',
      'leave out WITHIN',
    ],
    ['RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a STEP b BY v, w', 'E210', ''],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a STEP b TIMES 3000',
      'E211',
      'AGGREGATE BY',
    ],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP first STEP b SKIP TO LAST frist',
      'E216',
      'first',
    ],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a STEP b FILTER (e, m) => e.x == m.c.x',
      'E312',
      'a',
    ],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a STEP b FILTER (e, m) => e.x == m.a.x',
      'W507',
      'BY x',
    ],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a STEP b SOURCES x = "z"',
      'W509',
      '',
    ],
    [
      'RULE "r" FILTER event.k == 1 SEQUENCE BY u WITHIN 1:min STEP a FILTER event.k == 2',
      'W509',
      '',
    ],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a STEP b SKIP TO FIRST a',
      'W508',
      'SKIP NONE',
    ],
    ['RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a OPTIONAL STEP b', 'W506', ''],
    [
      'RULE "r" SOURCES x = "y" SEQUENCE BY u WITHIN 1:min STEP a STEP b TIMES 3 WITHIN 1:sec',
      'W505',
      '',
    ],
    ['RULE "r" SOURCES x = "y" ALL BY u WITHIN 1:min STEP a NEXT', 'E215', 'TIMES n'],
    ['RULE "r" SOURCES x = "y" JOIN BY u WITHIN 1:min SIDE a SIDE b KEEP UNMATCHED c', 'E103', 'a'],
    ['RULE "r" SOURCES $rule = "x"', 'E213', 'AGGREGATE BY $id'],
    ['RULE "r" SINK event => tables.x.put("a", event)', 'E181', ''],
    ['RULE "r" AGGREGATE BY u WITHIN 0:events', 'E107', 'WITHIN 100:events'],
    ['RULE "r" FILTER true EXCEPT event.a == 1', 'E103', "REASON 'scanner of the network team'"],
    ['RULE "r" FILTER true EXCEPT event.a == 1 REASON "x" UNTIL "soon"', 'E107', '"2027-01-31"'],
    ['RULE "r" FILTER 1 RULE "r" FILTER 2', 'E201', ''],
    ['RULE "r" FILTER firstSeen(event.a)', 'E188', ''],
    ['stray RULE "r" FILTER 1', 'E101', ''],
    ['RULE "r" AGGREGATE BY u, u WITHIN 1:min', 'E204', ''],
    ['RULE "r" AGGREGATE BY u WITHIN 1:min SLIDING HAVING previous(count()) > 1', 'E205', ''],
    ['RULE "r" SELECT a SINK event => event', 'E115', ''],
    ['RULE "r" FILTER 1 FILTER 2', 'E104', ''],
    ['RULE "r" DESCRIPTION "x', 'E105', ''],
  ];
  for (const [rule, code, hint] of refused) {
    const { diagnostics } = compile([{ name: 'x.weir', text: rule }], { sources });
    const found = diagnostics.find((one) => one.code === code);
    assert.ok(found, `${rule}: ${diagnostics.map((one) => one.code).join()}`);
    const shown = formatDiagnostic(found, rule);
    assert.ok(shown.includes(hint) && shown.includes('x.weir:1:') && shown.includes('why:'), shown);
  }
  assert.equal(new Set(codes.map(({ code }) => code)).size, codes.length);
});
