import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobArguments, shownArguments } from './job-arguments.ts';
import { topicNames } from './topics.ts';

const PLAN = {
  kafka: 'a:9092,b:9092',
  kafkaProperties: { 'security.protocol': 'SASL_SSL', 'sasl.jaas.config': 'x password="secret";' },
  topics: { windows: 'windows', aws: 'cloud.trail' },
  names: topicNames('weir'),
  controlBase: 5,
  levels: 2,
  parallelism: 3,
  delivery: 'exactly-once',
  isBounded: true,
  node: '/opt/node/bin/node',
  adjusted: {},
} as const;

test('the arguments of a job are all that it has to know', () => {
  assert.deepEqual(jobArguments(PLAN), [
    'kafka=a:9092,b:9092',
    'kafka.security.protocol=SASL_SSL',
    'kafka.sasl.jaas.config=x password="secret";',
    'topics=windows:windows,aws:cloud.trail',
    'control=weir-control',
    'control.base=5',
    'results=weir-results',
    'alerts=weir-alerts',
    'set-aside=weir-set-aside',
    'faults=weir-faults',
    'levels=2',
    'parallelism.match=3',
    'parallelism.level=3',
    'parallelism.alerts=3',
    'delivery=exactly-once',
    'node=/opt/node/bin/node',
    'bounded=true',
  ]);
});

test('passwords are not shown', () => {
  const shown = shownArguments(jobArguments(PLAN)).join('\n');
  assert.ok(!shown.includes('secret'), shown);
  assert.match(shown, /^kafka\.sasl\.jaas\.config=…$/m);
  assert.match(shown, /^kafka\.security\.protocol=SASL_SSL$/m);
});

test('what an operator sets for one stage goes before what holds for all', () => {
  const given = jobArguments({
    ...PLAN,
    adjusted: { 'parallelism.alerts': '1', 'slots.match': 'io' },
  });
  const last = new Map(given.map((one) => one.split('=') as [string, string]));
  assert.equal(last.get('parallelism.alerts'), '1');
  assert.equal(last.get('slots.match'), 'io');
});
