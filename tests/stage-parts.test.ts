// Single parts of a cluster, told things in orders that chance seldom gives.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunksOf, ChunkWriter } from '../packages/core/src/engine/correlate/chunks.ts';
import { openCore } from '../packages/core/src/engine/engine.ts';
import type { Core, FrameFromEngine, FrameToEngine } from '../packages/core/src/frames.ts';
import { NO_KEY_GROUP } from '../packages/core/src/frames.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import type { Plan } from '../packages/core/src/plan/plan.ts';
import type { ResultChange } from '../packages/core/src/plan/result.ts';
import { defaultSource } from '../packages/core/src/plan/source-plan.ts';
import { makeHost } from '../packages/runtime/src/realm.ts';
import { batchOf } from './engine/cluster.ts';

const T = 1_759_999_980_000;
const time = { paths: [['t']], format: null, zone: 'UTC' } as const;
const sources = {
  sources: [{ ...defaultSource, name: 's', time, boundMs: 2000 }],
  lists: [],
  tenants: [],
};
const partitions = ['p', 'q'].map((partition) => ({ source: 's', partition }));
const planOf = (text: string): Plan => compile([{ name: 'r.weir', text }], { sources }).plan;

function part(stage: number, stages: number[][], plan: Plan): Core {
  const core = openCore(makeHost());
  const to = stage < 0 ? 0 : 128;
  core.receive({ type: 'open', from: 0, to, place: { stage, part: 0, stages } });
  core.receive({ type: 'change', change: { kind: 'sources', sources } });
  core.receive({ type: 'change', change: { kind: 'rules', plan } });
  return core;
}

const batch = (number: number, events: readonly object[], partition = 'p'): FrameToEngine =>
  batchOf(
    events.map((event, i) => ({
      ...{ source: 's', partition, number: number + i, arrivedAt: Number.NaN },
      record: JSON.stringify(event),
    })),
  );

/** What a part gives to later ones, as they get it. */
const passedOn = (answers: readonly FrameFromEngine[], stage: number): FrameToEngine[] =>
  answers.flatMap((answer): FrameToEngine[] => {
    if (answer.type === 'watermark') return [{ type: 'watermark', bytes: answer.bytes.slice() }];
    return answer.type === 'route' && answer.stage === stage
      ? [{ type: 'routed', bytes: answer.bytes.slice() }]
      : [];
  });

const changesOf = (answers: readonly FrameFromEngine[]): string[] =>
  answers.flatMap((answer) =>
    answer.type === 'results'
      ? answer.changes.map(
          ({ change, result }: ResultChange) => `${result.rule} ${change} ${result.count}`,
        )
      : [],
  );

test('a result that was taken back stays taken back, if the part is stored before it looks', () => {
  const stages = [
    [0, 128],
    [0, 128],
    [0, 128],
  ];
  const plan = planOf(`RULE "a" AGGREGATE BY user WITHIN 20:s SLIDING EVERY HAVING sum(n) >= 5
    RULE "b" SOURCES $rule = ['a'] AGGREGATE BY all = 'all' WITHIN 1:min HAVING count() >= 1`);
  const [match, first, second] = [-1, 0, 1].map((stage) => part(stage, stages, plan)) as [
    Core,
    Core,
    Core,
  ];
  for (const core of [match, first, second]) core.receive({ type: 'start', partitions });
  const tell = (frame: FrameToEngine): void => {
    const answers = match.receive(frame);
    for (const one of passedOn(answers, 1)) second.receive(one);
    for (const one of passedOn(answers, 0))
      for (const two of passedOn(first.receive(one), 1)) second.receive(two);
  };
  const stored = new Map<string, { keyGroup: number; number: number; bytes: Uint8Array }>();
  let withoutKey: Uint8Array[] = [];
  const store = (): void => {
    withoutKey = [];
    for (const frame of second.receive({ type: 'snapshot', mode: 'changed' })) {
      if (frame.type !== 'state') continue;
      const { keyGroup } = frame;
      if (keyGroup === NO_KEY_GROUP) withoutKey.push(frame.bytes.slice());
      else
        for (const { number, bytes } of chunksOf(frame.bytes))
          stored.set(`${keyGroup} ${number}`, { keyGroup, number, bytes: bytes.slice() });
    }
  };
  tell(batch(0, [{ t: T, user: 'x', n: 0 }], 'q'));
  tell(batch(0, [{ t: T + 5000, user: 'u', n: 6 }]));
  store();
  // The sum is no longer 5; times do not move, so nothing makes the second level look.
  tell(
    batch(1, [
      { t: T + 4999, user: 'u', n: -3 },
      { t: T + 6000, user: 'y', n: 0 },
    ]),
  );
  store();
  const restored = part(1, stages, plan);
  for (const bytes of withoutKey)
    restored.receive({ type: 'restore', keyGroup: NO_KEY_GROUP, bytes });
  for (const { keyGroup, number, bytes } of stored.values()) {
    const writer = new ChunkWriter((group, whole) =>
      restored.receive({ type: 'restore', keyGroup: group, bytes: whole }),
    );
    if (bytes.length === 0) continue;
    writer.begin(keyGroup, number).raw(bytes);
    writer.end();
    writer.close();
  }
  restored.receive({ type: 'start', partitions });
  const ends = [...passedOn(match.receive({ type: 'finish' }), 0)];
  ends.push(...ends.flatMap((one) => passedOn(first.receive(one), 1)));
  ends.push(...passedOn(first.receive({ type: 'finish' }), 1), { type: 'finish' });
  const endOf = (core: Core): string[] =>
    ends.flatMap((frame) =>
      changesOf(core.receive('bytes' in frame ? { ...frame, bytes: frame.bytes.slice() } : frame)),
    );
  assert.deepEqual(endOf(restored), endOf(second));
});

test('rules with a time of their own may reach one part before the other', () => {
  const stages = [
    [0, 128],
    [0, 128],
  ];
  const rule = `RULE "r" AGGREGATE BY user WITHIN 20:s HAVING count() >= 1\n`;
  const match = part(-1, stages, planOf(rule));
  const level = part(0, stages, planOf(rule));
  for (const core of [match, level]) core.receive({ type: 'start', partitions });
  const edit = {
    type: 'edit',
    plan: planOf(`${rule}RULE "x" USING logged AGGREGATE BY user WITHIN 20:s HAVING count() >= 1`),
    activeFrom: T + 60_000,
  } as const;
  level.receive(edit);
  for (const [number, partition] of ['p', 'q'].entries())
    for (const frame of passedOn(match.receive(batch(number, [{ t: T, user: 'u' }], partition)), 0))
      level.receive(frame);
  match.receive(edit);
  for (const frame of passedOn(
    match.receive(batch(5, [{ t: T + 70_000, user: 'u', logged: T }])),
    0,
  ))
    assert.equal(level.receive(frame).at(-1)?.type, 'done');
});

test('a rule that is read from an edit on holds the clock of who reads it, as if it had been from the beginning', () => {
  const a = `RULE "a" AGGREGATE BY user WITHIN 30:s HAVING avg(n) > 5\n`;
  const b = `RULE "b" SOURCES $rule = ['a'] AGGREGATE BY user WITHIN 1:s HAVING max(count) >= 1\n`;
  const run = (isEdited: boolean): string[] => {
    const core = openCore(makeHost());
    const seen: string[] = [];
    let number = 0;
    const tell = (frame: FrameToEngine): void => void seen.push(...changesOf(core.receive(frame)));
    const event = (at: number, user: string, n = 10): void =>
      tell(batch(number++, [{ t: T + at, user, n }]));
    tell({ type: 'open', from: 0, to: 128 });
    tell({ type: 'change', change: { kind: 'sources', sources } });
    tell({ type: 'change', change: { kind: 'rules', plan: planOf(isEdited ? a : a + b) } });
    tell({ type: 'start', partitions: partitions.slice(0, 1) });
    event(0, 'x');
    if (isEdited) tell({ type: 'edit', plan: planOf(a + b), activeFrom: T });
    for (let minute = 0; minute < 4; minute++) {
      event(minute * 60_000 + 1000, 'u');
      event(minute * 60_000 + 2500, 'v');
      event(minute * 60_000 + 29_000, 'u');
      event(minute * 60_000 + 41_000, 'z', 0);
    }
    tell({ type: 'finish' });
    return seen.filter((one) => one.startsWith('b final'));
  };
  assert.ok(run(false).length > 5);
  assert.deepEqual(run(true), run(false));
});
