import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlTopicFault, ownTopics, topicNames, topicsOfSources } from './topics.ts';

test('the control topic that is made is one that is taken', () => {
  const [control] = ownTopics(topicNames('weir'), 8);
  assert.equal(control!.name, 'weir-control');
  assert.equal(controlTopicFault(control!.name, control!.partitions, control!.settings), null);
});

test('a control topic that would lose rules or their order is refused', () => {
  const fault = (partitions: number, policy: string, lagMs: string): string | null =>
    controlTopicFault('c', partitions, {
      'cleanup.policy': policy,
      'min.compaction.lag.ms': lagMs,
    });
  assert.match(fault(3, 'compact', '604800000')!, /c has 3 partitions; it must have one/);
  assert.match(fault(1, 'delete', '604800000')!, /cleanup\.policy=delete/);
  assert.match(fault(1, 'compact', '0')!, /min\.compaction\.lag\.ms=0/);
});

test('a source is in the topic of its name, or in the one that is said', () => {
  assert.deepEqual(topicsOfSources(['windows', 'aws'], { aws: 'cloud.trail' }), {
    windows: 'windows',
    aws: 'cloud.trail',
  });
});

test('topics that cannot be are refused', () => {
  assert.throws(() => topicsOfSources(['windows'], { linux: 'l' }), /names source linux/);
  assert.throws(() => topicsOfSources(['my logs'], {}), /"my logs" cannot name a topic/);
  assert.throws(() => topicsOfSources(['a', 'b'], { a: 't', b: 't' }), /t is given to two sources/);
});
