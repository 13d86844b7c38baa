import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../packages/core/src/language/compile.ts';
import { noSources } from '../../packages/core/src/language/config/config.ts';
import { readPipeline } from '../../packages/core/src/language/sigma/pipeline/read-pipeline.ts';

const GOOD = {
  name: 'good.yml',
  text: 'title: good\nlogsource: {product: x}\ndetection: {s: {a: 1}, condition: s}\n',
};

const rule = (detection: string, logsource = '{product: x}'): string =>
  `title: broken\nlogsource: ${logsource}\ndetection:\n${detection
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}\n`;

/** Code, the text at the place of the error, and a part of the message. */
const BROKEN: readonly (readonly [what: string, text: string, code: string, at: string])[] = [
  ['YAML that is not closed', 'title: x\nlogsource: {product: [x\n', 'E601', ''],
  ['a tab that YAML does not take', 'title: x\nlogsource:\n\tproduct: x\n', 'E601', ''],
  ['a name given twice', rule('s: {a: 1}\ns: {a: 2}\ncondition: s'), 'E601', 's'],
  ['no title', 'logsource: {product: x}\ndetection: {s: {a: 1}, condition: s}', 'E602', 'l'],
  ['no logsource', 'title: x\ndetection: {s: {a: 1}, condition: s}', 'E602', 'x'],
  ['no detection', 'title: nothing\nlogsource: {product: x}', 'E602', 'nothing'],
  ['no condition', rule('s: {a: 1}'), 'E602', 's: {a: 1}'],
  ['a level that is none', `${rule('s: {a: 1}\ncondition: s')}level: hihg`, 'E602', 'hihg'],
  ['an unknown modifier', rule('s: {a|contians: 1}\ncondition: s'), 'E610', 'a|contians'],
  [
    'modifiers that contradict',
    rule('s: {a|re|contains: x}\ncondition: s'),
    'E610',
    'a|re|contains',
  ],
  ['a flag without re', rule('s: {a|i: x}\ncondition: s'), 'E610', 'a|i'],
  ['look-around', rule("s: {a|re: 'x(?=y)'}\ncondition: s"), 'E611', "'x(?=y)'"],
  ['a back-reference', rule("s: {a|re: '(x)\\1'}\ncondition: s"), 'E611', "'(x)\\1'"],
  ['a pattern that is none', rule("s: {a|re: '(x'}\ncondition: s"), 'E611', "'(x'"],
  ['a network that is none', rule('s: {a|cidr: 10.0.0.0/99}\ncondition: s'), 'E611', '10.0.0.0/99'],
  ['a number that is none', rule('s: {a|gt: many}\ncondition: s'), 'E611', 'many'],
  ['an object as a value', rule('s: {a: {b: 1}}\ncondition: s'), 'E602', '{b: 1}'],
  ['a missing detection', rule('selection: {a: 1}\ncondition: selectoin'), 'E613', 'selectoin'],
  ['a pattern of no detection', rule('s: {a: 1}\ncondition: 1 of filter_*'), 'E613', 'filter_*'],
  ['a bracket too few', rule('s: {a: 1}\ncondition: (s and s'), 'E612', ''],
  ['an operator at the end', rule('s: {a: 1}\ncondition: s and'), 'E612', ''],
  ['an old aggregation', rule('s: {a: 1}\ncondition: s | count() > 5'), 'E612', '|'],
  ['a collection of Sigma 1', 'action: global\ntitle: x', 'E603', 'global'],
  ['a list nobody gave', rule("s: {a|expand: '%x%'}\ncondition: s"), 'E620', "a|expand: '%x%'"],
  [
    'a correlation of a rule that is not there',
    'title: c\ncorrelation: {type: event_count, rules: [nobody], group-by: [a], timespan: 5m, condition: {gte: 2}}',
    'E621',
    'nobody',
  ],
  [
    'a timespan that is none',
    'title: c\ncorrelation: {type: event_count, rules: [x], group-by: [a], timespan: 5 minutes, condition: {gte: 2}}',
    'E602',
    '5 minutes',
  ],
  [
    'a type of correlation that is none',
    'title: c\ncorrelation: {type: event_cuont, rules: [x], timespan: 5m}',
    'E602',
    'event_cuont',
  ],
];

for (const [what, text, code, at] of BROKEN)
  test(`${what}: refused with its place, and the rest of the folder loads`, () => {
    const { rules, diagnostics } = compile([GOOD, { name: 'broken.yml', text }], {
      sources: noSources,
    });
    assert.deepEqual(
      rules.map(({ file }) => file),
      ['good.yml'],
    );
    const found = diagnostics.find((one) => one.code === code);
    assert.ok(found, `${code} among ${JSON.stringify(diagnostics)}`);
    assert.equal(found.file, 'broken.yml');
    assert.ok(found.message.length > 5 && found.why !== undefined);
    if (at !== '')
      assert.equal(text.slice(found.span.start, found.span.end).trim().slice(0, at.length), at);
  });

test('correlations that read each other in a circle are refused, each with its place', () => {
  const of = (name: string, other: string): string =>
    `title: ${name}\nname: ${name}\ncorrelation: {type: event_count, rules: [${other}], group-by: [u], timespan: 1m, condition: {gte: 2}}`;
  const { rules, diagnostics } = compile(
    [
      GOOD,
      {
        name: 'circle.yml',
        text: [of('aa', 'bb'), of('bb', 'cc'), of('cc', 'aa')].join('\n---\n'),
      },
    ],
    { sources: noSources },
  );
  assert.equal(rules.length, 1);
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ['E622', 'E622', 'E622'],
  );
  assert.match(diagnostics[0]!.message, /"aa" → "bb" → "cc" → "aa"/);
});

test('a list of 4,432 entries is taken, and its EPL too', () => {
  const names = Array.from({ length: 4432 }, (_, i) => `    - 'evil-${i}.example'`).join('\n');
  const text = `title: long\nlogsource: {product: x}\ndetection:\n  s:\n    host|endswith:\n${names}\n  condition: s\n`;
  const { rules, diagnostics } = compile([{ name: 'long.yml', text }, GOOD], {
    sources: noSources,
  });
  assert.deepEqual(diagnostics, []);
  assert.equal(rules.length, 2);
});

test('of several documents in a file a broken one hides none of the others', () => {
  const text = [GOOD.text, 'title: [x', GOOD.text.replace('good', 'better')].join('\n---\n');
  const { rules, diagnostics } = compile([{ name: 'many.yml', text }], { sources: noSources });
  assert.deepEqual(
    rules.map(({ plan }) => plan.name),
    ['good', 'better'],
  );
  assert.equal(diagnostics[0]!.code, 'E601');
});

test('aliases that grow without end are refused', () => {
  const bomb = Array.from({ length: 9 }, (_, i) =>
    i === 0
      ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
      : `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
  ).join('\n');
  const { rules, diagnostics } = compile(
    [GOOD, { name: 'bomb.yml', text: `${bomb}\ntitle: x\n` }],
    {
      sources: noSources,
    },
  );
  assert.equal(rules.length, 1);
  assert.ok(diagnostics.length > 0);
});

test('a pipeline that cannot be read says where', () => {
  const cases: readonly (readonly [text: string, at: string])[] = [
    ['name: p\ntransformations:\n  - type: field_name_maping\n', 'field_name_maping'],
    ['name: p\ntransformations:\n  - id: x\n', 'id: x'],
    ['name: p\npriority: high\ntransformations: []\n', 'high'],
    [
      'name: p\ntransformations:\n  - type: set_state\n    rule_conditions:\n      - type: logsorce\n',
      'type: logsorce',
    ],
    ['name: p\ntransformations:\n  - type: http_placeholders\n', 'http_placeholders'],
  ];
  for (const [text, at] of cases) {
    const { pipeline, diagnostics } = readPipeline(text, 'p.yml');
    assert.equal(pipeline, null);
    assert.equal(diagnostics[0]!.code, 'E630');
    assert.equal(text.slice(diagnostics[0]!.span.start, diagnostics[0]!.span.end).trim(), at);
  }
});
