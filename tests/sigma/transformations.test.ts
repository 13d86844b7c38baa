// Transformations and conditions that no published pipeline of the cases has: by hand, from pySigma's documentation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../packages/core/src/language/compile.ts';
import { noSources } from '../../packages/core/src/language/config/config.ts';
import { readPipeline } from '../../packages/core/src/language/sigma/pipeline/read-pipeline.ts';

/** The FILTER that a rule has after a pipeline, or the message of what refuses it. */
function filterAfter(detection: string, transformations: string, vars = '{}'): string {
  const { pipeline, diagnostics } = readPipeline(
    `name: p\nvars: ${vars}\ntransformations:\n${transformations}`,
    'p.yml',
  );
  assert.deepEqual(diagnostics, []);
  const text = `title: t\ntags: [attack.t1059]\nlevel: high\nlogsource: {product: x, category: c}\ndetection:\n  s: ${detection}\n  condition: s\n`;
  const compiled = compile([{ name: 'r.yml', text }], {
    sources: noSources,
    sigma: { pipelines: [pipeline!], placeholders: () => null },
  });
  return compiled.rules[0]?.plan.filter?.text ?? compiled.diagnostics[0]!.message;
}

const CASES: readonly (readonly [
  what: string,
  detection: string,
  steps: string,
  expected: string,
])[] = [
  [
    'nest',
    '{a: x}',
    '  - type: nest\n    items:\n      - {type: field_name_prefix, prefix: p.}\n      - {type: field_name_suffix, suffix: _s}',
    'utils.equalsIgnoreCase(event.p.a_s, "x")',
  ],
  [
    'prefix mapping',
    '{win.a: x, b: y}',
    '  - {type: field_name_prefix_mapping, mapping: {win.: winlog.}}',
    'utils.equalsIgnoreCase(event.winlog.a, "x") && utils.equalsIgnoreCase(event.b, "y")',
  ],
  [
    'hashes',
    "{Hashes|contains: ['SHA1=aa', 'MD5=bb']}",
    '  - {type: hashes_fields, valid_hash_algos: [MD5, SHA1], field_prefix: File}',
    'utils.equalsIgnoreCase(event.FileSHA1, "aa") || utils.equalsIgnoreCase(event.FileMD5, "bb")',
  ],
  [
    'named groups',
    "{reg: 'Dword:7'}",
    "  - {type: extract_fields, regex: '(?P<type>[A-Za-z]+):(?P<value>[0-9]+)', field_prefix: reg}",
    'utils.equalsIgnoreCase(event.reg.type, "Dword") && utils.equals(event.reg.value, 7)',
  ],
  ['case', '{a: AbC}', '  - {type: case, method: upper}', 'utils.equalsIgnoreCase(event.a, "ABC")'],
  [
    'regular expressions',
    "{a: 'a*b.c'}",
    '  - {type: regex, method: ignore_case_flag}',
    'utils.find(event.a, "a.*b\\\\.c", "i")',
  ],
  [
    'wildcard placeholders',
    "{a|expand: 'x%y%z'}",
    '  - {type: wildcard_placeholders}',
    'utils.like(event.a, "x*z")',
  ],
  [
    'value placeholders, of which one is left out',
    "{a|expand: '%y%'}",
    '  - {type: value_placeholders, include: [y]}',
    'utils.equalsIgnoreCase(event.a, "one") || utils.startsWithIgnoreCase(event.a, "two")',
  ],
  [
    'an expression over conditions',
    '{a: x}',
    '  - type: field_name_suffix\n    suffix: _s\n    rule_conditions:\n      high: {type: rule_attribute, attribute: level, op: gte, value: high}\n      tagged: {type: tag, tag: attack.t1059}\n      other: {type: logsource, product: y}\n    rule_cond_expr: high and tagged and not other',
    'utils.equalsIgnoreCase(event.a_s, "x")',
  ],
  [
    'a condition on wildcards, and state',
    "{a: 'x*', b: y}",
    '  - {type: set_state, key: k, val: 3}\n  - type: field_name_suffix\n    suffix: _w\n    detection_item_conditions:\n      - {type: contains_wildcard, cond: any}\n      - {type: processing_state, key: k, val: 2, op: gt}',
    'utils.startsWithIgnoreCase(event.a_w, "x") && utils.equalsIgnoreCase(event.b, "y")',
  ],
  [
    'a custom attribute',
    '{a: x}',
    '  - {type: set_custom_attribute, attribute: kind, value: web}\n  - type: field_name_suffix\n    suffix: _s\n    rule_conditions: [{type: rule_attribute, attribute: kind, value: web}]',
    'utils.equalsIgnoreCase(event.a_s, "x")',
  ],
  [
    'keywords into a field',
    '[evil]',
    '  - {type: field_name_mapping, mapping: {null: message}}',
    'utils.includesIgnoreCase(event.message, "evil")',
  ],
  [
    'fields that are not mapped',
    '{a: x, b: y}',
    '  - {type: field_name_mapping, mapping: {a: c}}\n  - {type: strict_field_mapping_failure}',
    'these fields are not mapped: b',
  ],
  [
    'all items dropped',
    '{a: x}',
    '  - {type: drop_detection_item}',
    'pipelines dropped all that the rule asks',
  ],
];

for (const [what, detection, steps, expected] of CASES)
  test(`${what}: ${expected}`, () => {
    assert.equal(filterAfter(detection, steps, "{y: [one, 'two*']}"), expected);
  });

test('pipelines are applied from the lowest priority to the highest, whatever their order', () => {
  const of = (priority: number, suffix: string) =>
    readPipeline(
      `name: p\npriority: ${priority}\ntransformations:\n  - {type: field_name_suffix, suffix: ${suffix}}`,
      'p.yml',
    ).pipeline!;
  const { plan } = compile(
    [
      {
        name: 'r.yml',
        text: 'title: t\nlogsource: {product: x}\ndetection: {s: {a: x}, condition: s}',
      },
    ],
    {
      sources: noSources,
      sigma: { pipelines: [of(20, '_b'), of(10, '_a')], placeholders: () => null },
    },
  );
  assert.deepEqual(plan.rules[0]!.filter!.paths, [['a_a_b']]);
});
