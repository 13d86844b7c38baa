import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paintFor } from '../paint.ts';
import { causesOf, reasonIn } from './flink-rest.ts';
import { javaVersionOf } from './java.ts';
import { kafkaPlace, runsOf } from './kafka-evidence.ts';
import { faultText } from './newest-faults.ts';
import type { RuleStanding } from './rule-standings.ts';
import { statusText, type JobStatus } from './status-text.ts';

const PLAIN = paintFor({ isTTY: false });
const NOON = Date.UTC(2026, 2, 2, 12);

const RULE: RuleStanding = {
  rule: 'many-logons',
  name: 'Many logons',
  version: '0123456789ab',
  standing: 'enabled',
  reason: null,
  edit: 1,
  activeFrom: null,
};

const STATUS: JobStatus = {
  control: 'weir-control',
  rest: 'http://127.0.0.1:8081',
  job: 'abc',
  state: 'RUNNING',
  levels: 2,
  delivery: 'at-once',
  runningMs: 3_725_000,
  tasks: { RUNNING: 9 },
  restarts: 1,
  failure: 'the engine has ended',
  checkpoints: {
    completed: 12,
    failed: 1,
    last: { at: NOON, bytes: 34_567, tookMs: 89, path: null },
  },
  read: 4284,
  behind: 7,
  clock: NOON,
  rules: [
    RULE,
    { ...RULE, rule: 'chain', standing: 'warming', edit: 3, activeFrom: NOON },
    {
      ...RULE,
      rule: 'heavy',
      standing: 'parked',
      reason: { limit: 'steps', message: 'it takes more than 100000 steps' },
    },
  ],
  faults: ['2026-03-02T12:00:00.000Z late: many-logons: too late'],
};

test('the status says how the job is, what each rule does, and what went wrong', () => {
  assert.equal(
    statusText(STATUS, PLAIN),
    `job abc RUNNING
  control     weir-control at http://127.0.0.1:8081, 2 levels, delivery at-once
  for         1 h 2 min
  tasks       9 running
  restarts    1; the last failure: the engine has ended
  checkpoints 12 complete, 1 failed; the last at 2026-03-02T12:00:00.000Z, 34,567 bytes, in 89 ms
  read        4,284 records, 7 still to read
  clock       2026-03-02T12:00:00.000Z

3 rules
  many-logons  0123456789ab  enabled
  chain        0123456789ab  warming since edit 3, for events from 2026-03-02T12:00:00.000Z on: it has begun without what came before, which it is not given
  heavy        0123456789ab  parked (steps): it takes more than 100000 steps

newest faults
  2026-03-02T12:00:00.000Z late: many-logons: too late`,
  );
});

test('where no job runs, that is what is said first', () => {
  const text = statusText({ ...STATUS, job: null, state: null, faults: [], rules: [] }, PLAIN);
  assert.equal(
    text,
    'no job of control topic weir-control at http://127.0.0.1:8081; weir flink submit starts one',
  );
});

test('faults are told in words', () => {
  const line = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  assert.equal(
    faultText(
      line({
        kind: 'error',
        rules: ['a'],
        clause: 'FILTER',
        message: 'x is undefined',
        source: 'windows',
        partition: 'windows-0',
        number: 12,
      }),
    ),
    'FILTER: a: x is undefined (windows-0 record 12)',
  );
  assert.equal(
    faultText(
      line({
        kind: 'parked',
        rule: 'a',
        reason: { limit: 'steps', message: 'too many' },
        event: { source: 'w', partition: 'w-1', number: 3, at: 0 },
      }),
    ),
    'a was parked: steps: too many (w-1 record 3)',
  );
});

test('of a Java stack the causes are said', () => {
  const stack = `org.apache.flink.runtime.JobException: Recovery is suppressed
\tat org.apache.flink.runtime.Some.method(Some.java:12)
Caused by: java.util.concurrent.CompletionException: java.io.IOException: the engine has ended
\t... 12 more`;
  assert.equal(causesOf(stack), 'Recovery is suppressed; the engine has ended');
  assert.equal(
    reasonIn(JSON.stringify({ errors: ['Internal server error.', stack] })),
    causesOf(stack),
  );
  assert.equal(reasonIn('plain'), 'plain');
});

test('the version of Java is read as old and new ones write it', () => {
  assert.equal(javaVersionOf('openjdk version "17.0.15" 2025-04-15'), 17);
  assert.equal(javaVersionOf('java version "1.8.0_402"'), 8);
  assert.equal(javaVersionOf('openjdk version "21" 2023-09-19'), 21);
  assert.equal(javaVersionOf('nothing'), null);
});

test('evidence lies at the offset that its result names', () => {
  const event = { partition: 'cloud-trail-12' };
  assert.deepEqual(kafkaPlace(event, 345), { topic: 'cloud-trail', partition: 12, offset: 345 });
  assert.equal(kafkaPlace({ partition: 'logs.ndjson' }, 3), null);
  assert.deepEqual(runsOf([1, 5, 200, 900, 901]), [
    { from: 1, to: 200 },
    { from: 900, to: 901 },
  ]);
});
