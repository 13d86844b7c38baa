import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '@weir/core/language/compile.ts';
import { noSources } from '@weir/core/language/config/config.ts';
import { defaultSource } from '@weir/core/plan/source-plan.ts';
import type { BatchFrame, Change, FrameFromEngine } from '@weir/core';
import { EngineFailed, Supervisor } from './supervisor.ts';

const SOURCES = {
  ...noSources,
  sources: [{ ...defaultSource, name: 's', time: { paths: [['t']], format: null, zone: 'UTC' } }],
};
const RULES = `RULE "many" SOURCES $source = 's' AGGREGATE BY u WITHIN 10:sec HAVING count() >= 3
RULE "each" SOURCES $source = 's' FILTER event.n % 100 == 0`;

const changes: Change[] = [
  { kind: 'sources', sources: SOURCES },
  { kind: 'rules', plan: compile([{ name: 'r.weir', text: RULES }], { sources: SOURCES }).plan },
];

function batchOf(batch: number): BatchFrame {
  const records = Array.from({ length: 200 }, (_, i) => {
    const n = batch * 200 + i;
    return JSON.stringify({
      t: 1_700_000_000_000 + n * 37,
      u: `u${n % 17}`,
      n,
      padding: 'x'.repeat(200),
    });
  });
  const bytes = new TextEncoder().encode(records.join('\n'));
  const starts = new Int32Array(records.length);
  records.forEach(
    (_, i) => (starts[i] = i === 0 ? 0 : starts[i - 1]! + records[i - 1]!.length + 1),
  );
  return {
    type: 'batch',
    source: 's',
    partition: 'p',
    numbers: Float64Array.from(records, (_, i) => batch * 200 + i + 1),
    arrivedAt: new Float64Array(records.length).fill(Number.NaN),
    starts,
    lengths: Int32Array.from(records, ({ length }) => length),
    bytes,
  };
}

const BATCHES = 60;

/** Runs all batches; `disturb` is called before each. */
async function run(
  disturb: (supervisor: Supervisor, batch: number) => void,
  canReadAgain: boolean,
): Promise<{ out: string[]; notices: string[] }> {
  const out: string[] = [];
  const notices: string[] = [];
  const onFrame = (frame: FrameFromEngine): void => {
    if (frame.type === 'results')
      for (const change of frame.changes) out.push(JSON.stringify(change));
    if (frame.type === 'done') out.push(`read ${frame.counts.read}`);
  };
  const supervisor = new Supervisor({ changes, onFrame, onNotice: (text) => notices.push(text) });
  await supervisor.start();
  await supervisor.send({ type: 'start', partitions: [{ source: 's', partition: 'p' }] });
  for (let batch = 0; batch < BATCHES; batch++) {
    disturb(supervisor, batch);
    await supervisor.send(
      batchOf(batch),
      canReadAgain ? () => Promise.resolve(batchOf(batch)) : null,
    );
    if (batch % 20 === 19) await supervisor.send({ type: 'snapshot' });
  }
  await supervisor.send({ type: 'finish' });
  await supervisor.settled();
  await supervisor.close();
  return { out, notices };
}

test('an engine that is killed again and again gives what an undisturbed one gives, nothing twice', async () => {
  const undisturbed = await run(() => {}, false);
  assert.ok(undisturbed.out.length > 100);
  for (const canReadAgain of [false, true]) {
    const killed = await run((supervisor, batch) => {
      if (batch % 13 === 5) process.kill(supervisor.pid!, 'SIGKILL');
    }, canReadAgain);
    assert.ok(killed.notices.length >= 4, `${killed.notices.length} restarts`);
    assert.match(killed.notices[0]!, /SIGKILL/);
    // Between results there is no order: keys that are due at once may come in another one after a restore.
    assert.deepEqual(killed.out.toSorted(), undisturbed.out.toSorted());
  }
});

test('an engine that dies at the same records every time is given up, with what was found before', async () => {
  const frames: FrameFromEngine[] = [];
  const notices: string[] = [];
  const supervisor = new Supervisor({
    changes,
    onFrame: (frame) => frames.push(frame),
    onNotice: (text) => notices.push(text),
  });
  await supervisor.start();
  await supervisor.send({ type: 'start', partitions: [] });
  await supervisor.settled();
  // Records that run over the end of their bytes: no host sends that, and no engine survives it.
  const broken = {
    ...batchOf(0),
    starts: Int32Array.of(5),
    lengths: Int32Array.of(-1),
    numbers: Float64Array.of(1),
    arrivedAt: Float64Array.of(0),
  };
  await assert.rejects(async () => {
    await supervisor.send({ type: 'change', change: changes[1]! });
    await supervisor.send(broken);
    await supervisor.settled();
  }, EngineFailed);
  supervisor.abandon();
  assert.equal(frames.length, 1);
  assert.ok(notices.length >= 1);
});
