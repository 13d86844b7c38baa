// Why did it not fire? Misses planted one by one: the first line names the cause, the event and the value.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNot } from '../packages/cli/src/why/why-not.ts';
import { compile } from '../packages/core/src/language/compile.ts';
import type { BatchFrame, Change } from '../packages/core/src/frames.ts';
import { BASE, SOURCES } from './sequences/run-rule.ts';

type Event = readonly [atSeconds: number, fields: Readonly<Record<string, unknown>>];

const CHANGES: readonly Change[] = [
  {
    kind: 'sources',
    sources: { ...SOURCES, lists: [{ name: 'bad', kind: 'exact', file: 'bad.txt' }] },
  },
  {
    kind: 'list',
    list: { name: 'bad', kind: 'exact', file: 'bad.txt' },
    rows: new TextEncoder().encode('6.6.6.6\n'),
  },
];

/** The first line of the explanation. Events are numbered from 0, in the order in which they are written. */
function firstLine(
  text: string,
  events: readonly Event[],
  key: Record<string, string> = {},
): string {
  const { sources } = CHANGES[0] as Change & { kind: 'sources' };
  const compiled = compile([{ name: 'r.weir', text }], { sources });
  assert.deepEqual(
    compiled.diagnostics.filter(({ severity }) => severity === 'error'),
    [],
    text,
  );
  const records = events.map(([at, fields]) =>
    new TextEncoder().encode(JSON.stringify({ ...fields, at_ms: BASE + at * 1000 })),
  );
  const bytes = Buffer.concat(records);
  let start = 0;
  const starts = Int32Array.from(records, ({ length }) => (start += length) - length);
  const batch: BatchFrame = {
    type: 'batch',
    source: 'events',
    partition: 'log',
    numbers: Float64Array.from(records, (_, i) => i),
    arrivedAt: new Float64Array(records.length).fill(Number.NaN),
    starts,
    lengths: Int32Array.from(records, ({ length }) => length),
    bytes: new Uint8Array(bytes),
  };
  const { fired, lines } = whyNot({
    rule: compiled.rules.at(-1)!.syntax,
    others: compiled.rules.slice(0, -1).map(({ plan }) => plan),
    changes: CHANGES,
    recording: { partitions: [{ source: 'events', partition: 'log' }], batches: [batch] },
    key: new Map(Object.entries(key)),
  });
  assert.ok(!fired, `it fired: ${lines[0]}`);
  return lines[0]!;
}

const at = (seconds: number): string => new Date(BASE + seconds * 1000).toISOString();
const place = (number: number, seconds: number): string =>
  `record ${number} of log at ${at(seconds)}`;
const times = (count: number, fields: object, from = 0, step = 1): Event[] =>
  Array.from({ length: count }, (_, i) => [from + i * step, { ...fields }]);

const BURST = `RULE "burst" FILTER event.code == 4625 && event.type != 5
  EXCEPT event.host == 'scanner' REASON 'our own scanner'
  AGGREGATE BY user WITHIN 60:sec HAVING count() >= 10`;
const fail = { code: 4625, type: 3, user: 'anna' };
const SUCCESS = `RULE "success" FILTER true SEQUENCE BY user WITHIN 60:sec
  STEP fail FILTER event.code == 4625 TIMES 3 OR MORE
  STEP success FILTER event.code == 4624 && event.type == 3`;
const good = { code: 4624, type: 3, user: 'anna' };

test('nine of ten', () =>
  assert.match(
    firstLine(BURST, times(9, fail)),
    /^count: 9 of 10: count\(\) is 9 in user anna.*; HAVING count\(\) >= 10$/,
  ));
test('the tenth is late', () =>
  assert.equal(
    firstLine(BURST, [...times(9, fail), [80, { other: 1 }], [9, fail]]).startsWith(
      `late: ${place(10, 9)} came too late`,
    ),
    true,
  ));
test('the tenth is excepted', () =>
  assert.equal(
    firstLine(BURST, [...times(9, fail), [9, { ...fail, host: 'scanner' }]]),
    `excepted: ${place(9, 9)} meets EXCEPT event.host == "scanner" (our own scanner): host is "scanner"`,
  ));
test('the tenth fails a condition', () =>
  assert.equal(
    firstLine(BURST, [...times(9, fail), [9, { ...fail, type: 5 }]]),
    `condition: ${place(9, 9)} fails FILTER event.type != 5: type is 5`,
  ));
test('the tenth fails another condition', () =>
  assert.equal(
    firstLine(BURST, [...times(9, fail), [9, { ...fail, code: 4776 }]]),
    `condition: ${place(9, 9)} fails FILTER event.code == 4625: code is 4776`,
  ));
test('the tenth is of another user', () =>
  assert.equal(
    firstLine(BURST, [...times(9, fail), [9, { ...fail, user: 'ann' }]], { user: 'anna' }),
    `key: ${place(9, 9)} has user "ann", not "anna"`,
  ));
test('the tenth has no user', () =>
  assert.equal(
    firstLine(BURST, [...times(9, fail), [9, { code: 4625, type: 3 }]], { user: 'anna' }),
    `key: ${place(9, 9)} has no user`,
  ));
test('the tenth lies beyond the window', () =>
  assert.match(
    firstLine(BURST.replace('60:sec', '60:sec SLIDING'), [...times(9, fail), [60, fail]]),
    new RegExp(`^span: ${place(9, 60)} is 1:min after the first event: WITHIN 1:min$`),
  ));
test('the tenth is from the future', () =>
  assert.match(
    firstLine(BURST.replace('AGGREGATE', 'USING at_ms AGGREGATE'), [...times(9, fail)]),
    /^count: 9 of 10/,
  ));
test('the tenth has no time', () =>
  assert.match(
    firstLine(BURST, [...times(9, fail), [Number.NaN, fail]]),
    /^no time: record 9 of log: the event has no readable time$/,
  ));

test('two of three failures', () =>
  assert.equal(
    firstLine(SUCCESS, [...times(2, fail), [5, good]]),
    `count: 2 of 3: fail TIMES 3, last ${place(2, 5)}`,
  ));
test('a step waits', () =>
  assert.equal(
    firstLine(SUCCESS, times(3, fail)),
    `waits: success did not come after ${place(2, 2)}`,
  ));
test('a step fails one part of its condition', () =>
  assert.equal(
    firstLine(SUCCESS, [...times(3, fail), [5, { ...good, type: 2 }]]),
    `condition: ${place(3, 5)} fails success: event.type == 3: type is 2`,
  ));
test('a millisecond over', () =>
  assert.match(
    firstLine(SUCCESS, [...times(3, fail), [60, good]]),
    new RegExp(`^span: ${place(3, 60)} is 1:min after the first event: WITHIN 1:min$`),
  ));
test('the wrong order', () =>
  assert.match(
    firstLine(SUCCESS, [[0, good], ...times(3, fail, 1)]),
    /^order: success, fail, fail, fail are there, and not in the order fail, then success$/,
  ));
test('another user succeeds', () =>
  assert.equal(
    firstLine(SUCCESS, [...times(3, fail), [5, { ...good, user: 'bob' }]], { user: 'anna' }),
    `key: ${place(3, 5)} has user "bob", not "anna"`,
  ));
test('the success is late', () =>
  assert.match(
    firstLine(SUCCESS, [...times(3, fail), [80, { other: 1 }], [5, good]]),
    new RegExp(`^late: ${place(4, 5)} came too late`),
  ));
test('taken by another match', () =>
  assert.match(
    firstLine(
      `RULE "r" FILTER true SEQUENCE BY * WITHIN 60:sec STEP a FILTER event.k == 'a' STEP b ANY FILTER event.k == 'b' && event.last
      HAVING match => match.b.n == 2`,
      [
        [0, { k: 'a' }],
        [1, { k: 'b', last: 1, n: 1 }],
        [2, { k: 'b', last: 1, n: 2 }],
      ],
    ),
    /^taken: its events are behind those of another match/,
  ));

const QUIET = `RULE "quiet" FILTER true SEQUENCE BY user WITHIN 60:sec
  STEP logon FILTER event.k == 'on' ABSENT logoff FILTER event.k == 'off' STEP delete FILTER event.k == 'delete'
  CANCEL event.k == 'reboot'`;
const of = (k: string): object => ({ k, user: 'u' });

test('an absence is broken', () =>
  assert.equal(
    firstLine(QUIET, [
      [0, { ...of('on') }],
      [3, { ...of('off') }],
      [5, { ...of('delete') }],
    ]),
    `absent: ${place(1, 3)} meets ABSENT logoff: k is "off"`,
  ));
test('cancelled', () =>
  assert.equal(
    firstLine(QUIET, [
      [0, { ...of('on') }],
      [3, { ...of('reboot') }],
      [5, { ...of('delete') }],
    ]),
    `cancelled: ${place(1, 3)} meets CANCEL event.k == "reboot": k is "reboot"`,
  ));
test('a closing absence is broken', () =>
  assert.equal(
    firstLine(
      `RULE "r" FILTER true SEQUENCE BY user WITHIN 60:sec STEP logon FILTER event.k == 'on' ABSENT logoff FILTER event.k == 'off'`,
      [
        [0, { ...of('on') }],
        [59, { ...of('off') }],
      ],
    ),
    `absent: ${place(1, 59)} meets ABSENT logoff: k is "off"`,
  ));
test('a leading absence is broken', () =>
  assert.equal(
    firstLine(
      `RULE "r" FILTER true SEQUENCE BY user WITHIN 60:sec ABSENT seen FILTER event.k == 'seen' WITHIN 10:sec STEP logon FILTER event.k == 'on'`,
      [
        [0, { ...of('seen') }],
        [9, { ...of('on') }],
      ],
    ),
    `absent: ${place(0, 0)} meets ABSENT seen: k is "seen"`,
  ));
test('something lies between', () =>
  assert.equal(
    firstLine(
      `RULE "r" FILTER true SEQUENCE BY user WITHIN 60:sec STEP a FILTER event.k == 'a' STEP b NEXT FILTER event.k == 'b'`,
      [
        [0, { ...of('a') }],
        [1, { ...of('x') }],
        [2, { ...of('b') }],
      ],
    ),
    `between: ${place(1, 1)} lies between: NEXT of b`,
  ));
test('UNTIL ends a loop', () =>
  assert.equal(
    firstLine(
      `RULE "r" FILTER true SEQUENCE BY user WITHIN 60:sec STEP a FILTER event.k == 'a' TIMES 3 UNTIL event.stop`,
      [
        [0, { ...of('a') }],
        [1, { ...of('a'), stop: 1 }],
        [2, { ...of('a') }],
      ],
    ),
    `until: ${place(1, 1)} meets UNTIL event.stop of a: stop is 1`,
  ));
test('a step too far from the one before', () =>
  assert.match(
    firstLine(
      `RULE "r" FILTER true SEQUENCE BY user WITHIN 60:sec STEP a FILTER event.k == 'a' STEP b FILTER event.k == 'b' WITHIN 5:sec`,
      [
        [0, { ...of('a') }],
        [5, { ...of('b') }],
      ],
    ),
    new RegExp(`^span: ${place(1, 5)} is 5:sec after the first event: WITHIN 5:sec of b$`),
  ));
test('a source says no', () =>
  assert.equal(
    firstLine(`RULE "r" SOURCES type = ['login', 'logon'] FILTER event.v > 1`, [
      [0, { type: 'logoff', v: 2 }],
    ]),
    `source: ${place(0, 0)} fails SOURCES type = login or logon: type is "logoff"`,
  ));
test('a list has it not', () =>
  assert.match(
    firstLine(`RULE "r" SOURCES type = 'x' IOC FILTERS IN bad(ip)`, [
      [0, { type: 'x', ip: '6.6.6.7' }],
    ]),
    new RegExp(`^list: ${place(0, 0)} fails IOC FILTERS`),
  ));
test('a condition that reads an earlier step', () =>
  assert.match(
    firstLine(
      `RULE "r" FILTER true SEQUENCE BY user WITHIN 60:sec STEP a FILTER event.k == 'a' STEP b FILTER (event, match) => event.k == 'b' && event.v > match.a.v`,
      [
        [0, { ...of('a'), v: 5 }],
        [5, { ...of('b'), v: 4 }],
      ],
    ),
    new RegExp(`^condition: ${place(1, 5)} fails b: .*event.v > match.a.v.*: v is 4$`),
  ));
test('four distinct ones of five', () =>
  assert.match(
    firstLine(`RULE "r" SOURCES k = 'a' AGGREGATE BY user WITHIN 60:sec HAVING distinct(v) >= 5`, [
      ...[1, 2, 3, 4, 4].map((v, i): Event => [i, { ...of('a'), v }]),
    ]),
    /^count: 4 of 5: distinct\(v\) is 4 in user u/,
  ));
test('one of ALL is not there', () =>
  assert.match(
    firstLine(
      `RULE "r" FILTER true ALL BY user WITHIN 60:sec STEP a FILTER event.k == 'a' TIMES 2 STEP b FILTER event.k == 'b'`,
      [
        [0, { ...of('a') }],
        [5, { ...of('b') }],
      ],
    ),
    new RegExp(`^count: 1 of 2: a TIMES 2, last ${place(1, 5)}$`),
  ));
test('a join out of bounds', () =>
  assert.match(
    firstLine(
      `RULE "r" JOIN BY user BETWEEN 0:sec AND 5:sec SIDE a SOURCES k = 'a' SIDE b SOURCES k = 'b'`,
      [
        [0, { ...of('a') }],
        [6, { ...of('b') }],
      ],
    ),
    new RegExp(`^span: ${place(1, 6)} is 6:sec after the first event: BETWEEN$`),
  ));
test('a rule that is disabled', () =>
  assert.equal(
    firstLine(`RULE "r" STATUS disabled SOURCES k = 'a'`, [[0, { ...of('a') }]]),
    'disabled: STATUS disabled: the rule does not run',
  ));
