// The quick start: what the rules of the demo find in its recording, counted by hand beforehand (demo/README.md).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ResultChange } from '../packages/core/src/plan/result.ts';

const EXPECTED: Readonly<Record<string, number>> = {
  'demo-explicit-credentials': 5,
  'demo-remoting-connection': 3,
  'demo-lsass-full-access': 1,
  'demo-many-network-logons': 1,
  'demo-many-accounts-on-one-host': 1,
  'demo-ticket-then-service-ticket': 1,
  'demo-credentials-then-logon': 3,
  'demo-credentials-then-any-logon': 10,
  'demo-logon-then-remote-shell': 1,
  'demo-privileged-logon': 13,
  'demo-remote-shell-lifetime': 1,
  'demo-logon-without-end': 1,
};

test('the demo finds what its README says', () => {
  const out = join(mkdtempSync(join(tmpdir(), 'weir-demo-')), 'results.ndjson');
  const recording = 'demo/recordings/lateral_movement.covenant_psremoting_command.ndjson.gz';
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      'packages/cli/bin/weir.js',
      'run',
      recording,
      ...['--rules', 'demo/rules', '--config', 'demo/weir.yaml'],
      ...['--json', '--final', '--out', out],
    ],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const results = readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Partial<ResultChange>)
    .flatMap(({ result }) => (result === undefined ? [] : [result]));
  const counts = Object.fromEntries(
    Object.entries(Object.groupBy(results, ({ rule }) => rule)).map(([rule, own]) => [
      rule,
      own!.length,
    ]),
  );
  assert.deepEqual(counts, EXPECTED);
  const of = (rule: string): typeof results => results.filter((one) => one.rule === rule);
  // Ten ways, which end at five different logons.
  const logons = of('demo-credentials-then-any-logon').map(({ first }) => String(first[1]!.number));
  assert.equal(new Set(logons).size, 5);
  const users = of('demo-privileged-logon').map(({ fields }) => fields['user']);
  assert.equal(users.filter((user) => user === 'pgustavo').length, 5);
  assert.equal(of('demo-remote-shell-lifetime')[0]!.fields['seconds'], 12);
  assert.deepEqual(of('demo-logon-without-end')[0]!.key, {
    Hostname: 'WORKSTATION6.theshire.local',
    TargetLogonId: '0x1121f34',
  });
});
