import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCallLimits, listing61Limits } from '../../functions/budget.ts';
import { readConfig } from './config.ts';

const read = (text: string): ReturnType<typeof readConfig> => readConfig(text, 'weir.yaml');

test('limits are read for all rules, for tenants and for rules, with presets below single values', () => {
  const { sources, diagnostics } = read(`
limits:
  preset: listing-6.1
  steps: 5000
  cpuShare: 25%
  rules:
    'Heavy rule': { preset: default, bytes: 64 MiB, cpuMs: none }
tenants:
  acme: { lateness: 5s, limits: { depth: 8, resultBytes: 1KiB } }
`);
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(sources.limits, {
    all: { ...listing61Limits, steps: 5000, cpuShare: 0.25 },
    tenants: [{ name: 'acme', limits: { depth: 8, resultBytes: 1024 } }],
    rules: [
      { id: 'Heavy rule', limits: { ...defaultCallLimits, bytes: 64 * 2 ** 20, cpuMs: null } },
    ],
  });
  assert.deepEqual(JSON.parse(JSON.stringify(sources.limits)), sources.limits);
});

test('without limits there are none in the plan, so that the defaults hold', () => {
  assert.equal(read('tenants: { acme: { lateness: 5s } }').sources.limits, undefined);
});

test('limits that mean nothing are refused where they stand, with what to write', () => {
  for (const [text, message, correction] of [
    ['limits: { preset: listing-6.2 }', /there is no preset listing-6.2/, 'listing-6.1'],
    ['limits: { steps: 0 }', /steps is a whole number from 100/, 'steps: 100000'],
    ['limits: { steps: 1 MiB }', /steps is a whole number/, 'steps: 100000'],
    ['limits: { depth: -3 }', /depth is a whole number from 1 to 1000/, 'depth: 64'],
    ['limits: { bytes: 16 MB }', /or a size such as 16 MiB/, 'bytes: 16 MiB'],
    ['limits: { bytes: 99 GiB }', /bytes is a whole number from 1024/, 'bytes: 16 MiB'],
    ['limits: { cpuMs: soon }', /cpuMs is a whole number/, 'cpuMs: 10'],
    ['limits: { cpuShare: 0.5 }', /cpuShare is a part of a minute/, 'cpuShare: 25%'],
    ['limits: { cpuShare: 120% }', /cpuShare is a part of a minute/, 'cpuShare: 25%'],
    ['limits: { step: 5000 }', /limits has no entry called "step"/, 'steps'],
    ['limits: { rules: { r: { stepz: 1 } } }', /limits of "r" has no entry/, 'steps'],
    [
      'tenants: { t: { limits: { cpuShare: 5% } } }',
      /no entry called "cpuShare"/,
      'preset, steps, depth, bytes, resultBytes, cpuMs',
    ],
    ['tenants: { t: { limits: 5 } }', /limits of tenant t holds entries/, undefined],
  ] as const) {
    const { diagnostics } = read(text);
    assert.equal(diagnostics.length, 1, text);
    assert.match(diagnostics[0]!.message, message);
    assert.equal(diagnostics[0]!.try ?? undefined, correction, text);
    assert.ok(diagnostics[0]!.span.start > 0, text);
  }
});
