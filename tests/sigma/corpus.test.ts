import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../packages/core/src/language/compile.ts';
import { noSources } from '../../packages/core/src/language/config/config.ts';
import { printRule } from '../../packages/core/src/language/epl/print.ts';
import { caseLines, placeholders, ruleFiles } from './corpus.ts';
import { autoSource, HitFinder } from './engine-hits.ts';

const rules = ruleFiles('rules.ndjson.gz');
const lists = { pipelines: [], placeholders: () => ['one', 'two*'] };
const compiled = compile(rules, { sources: noSources, sigma: lists });

test('all 3,780 rules of SigmaHQ load, and exactly those ask for a list that need one', () => {
  assert.equal(rules.length, 3780);
  const without = compile(rules, { sources: noSources });
  assert.equal(without.rules.length, 3755);
  const asking = without.sigma.filter(({ state }) => state === 'needs a list');
  assert.deepEqual(asking.map(({ file }) => file).sort(), Object.keys(placeholders).sort());
  for (const { file, reason } of asking)
    assert.ok(
      placeholders[file]!.some((name) => reason!.includes(name)),
      `${file}: ${reason}`,
    );
  assert.equal(without.diagnostics.length, 25);
  assert.deepEqual(compiled.diagnostics, []);
  assert.equal(compiled.rules.length, 3780);
});

test('every rule, printed as EPL and compiled again, has the same plan', () => {
  const printed = compiled.rules.map(({ syntax }, i) => ({
    name: `${i}.weir`,
    text: printRule(syntax),
  }));
  const again = compile(printed, { sources: noSources });
  assert.deepEqual(again.diagnostics, []);
  compiled.rules.forEach(({ plan, file }, i) =>
    assert.deepEqual(again.rules[i]!.plan, plan, `${file}\n${printed[i]!.text}`),
  );
});

test('each of the 88 regression cases is found by its rule', () => {
  const finder = new HitFinder(compiled.plan, autoSource, ['p']);
  const cases = caseLines('regression.ndjson.gz') as {
    rule_id: string;
    rule_path: string;
    match_count: number | null;
    events: unknown[];
  }[];
  assert.equal(cases.length, 88);
  for (const { rule_id, rule_path, match_count, events } of cases) {
    const hits = new Set<number>();
    const lines = events.map((event) => JSON.stringify(event)).join('\n');
    finder.lines('p', new TextEncoder().encode(lines), (rule, number) => {
      if (rule === rule_id) hits.add(number);
    });
    assert.ok(hits.size >= (match_count ?? 1), `${rule_path}: ${hits.size} of ${match_count}`);
  }
  assert.deepEqual(finder.errors, []);
});

test('old rules load or are refused with a reason and a place', () => {
  const old = ruleFiles('legacy-rules.ndjson.gz');
  assert.equal(old.length, 259);
  const { sigma, diagnostics } = compile(old, { sources: noSources, sigma: lists });
  const files = new Set(sigma.map(({ file }) => file));
  assert.equal(files.size, 259);
  const taken = sigma.filter(({ state }) => state === 'taken');
  assert.ok(taken.length >= 195, `${taken.length} taken`);
  for (const { file, state, reason } of sigma.filter((one) => one.state === 'refused')) {
    assert.ok(reason !== null && reason.length > 8, `${file}: ${state}`);
    assert.ok(
      diagnostics.some((one) => one.file === file && one.span.end > one.span.start),
      file,
    );
  }
});

test('the 12 examples of the specification validate and compile', () => {
  const examples = ruleFiles('specification-examples.ndjson');
  assert.equal(examples.length, 12);
  // The rules that the examples speak of are not among them.
  const named = [
    '5638f7c0-ac70-491d-8465-2a65075e0d86',
    'recon_cmd_a',
    'recon_cmd_b',
    'recon_cmd_c',
    'rule_a_id',
    'process_creation',
    'website_access',
    '6f3e2987-db24-4c78-a860-b4f4095a7095',
    'df0841c0-9846-4e9f-ad8a-7df91571771b',
  ].map((name, i) => ({
    name: `named-${i}.yml`,
    text: [
      `title: rule ${i}`,
      name.includes('-') ? `id: ${name}` : `name: ${name}`,
      i === 8
        ? 'logsource: {category: network, service: dns}'
        : 'logsource: {category: process_creation, product: windows}',
      'detection: {selection: {a: 1}, condition: selection}',
    ].join('\n'),
  }));
  const made = examples.map((example) => ({
    example,
    ...compile([example, ...named], { sources: noSources }),
  }));
  for (const { example, diagnostics } of made)
    assert.deepEqual(
      diagnostics.filter(({ code }) => code === 'W601'),
      [],
      example.name,
    );
  const states = made.map(
    ({ example, sigma }) => sigma.find(({ file }) => file === example.name)!.state,
  );
  assert.deepEqual(
    states.filter((state) => state !== 'taken'),
    [],
  );
});
