import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json, Path } from '../plan/json.ts';
import { valueAtPath } from '../plan/path-value.ts';
import { parseJsonText } from '../functions/parse-json-text.ts';
import { EventView } from './event-view.ts';
import { makeJsonDecoder } from './json-decoder.ts';

const RUNS = Number(process.env['WEIR_RUNS'] ?? 1);

function decodeOne(
  text: string | Uint8Array,
  paths: readonly Path[],
): { values: (Json | undefined)[] } | { reason: string; offset: number } {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const batch = makeJsonDecoder(paths, null).decode(
    bytes,
    Int32Array.of(0),
    Int32Array.of(bytes.length),
    1,
  );
  const [aside] = batch.setAside;
  if (aside !== undefined) return aside;
  const view = new EventView(paths);
  view.moveTo(batch, 0);
  return { values: paths.map((_, slot) => view.get(slot)) };
}

const PATHS: readonly Path[] = [
  ['a'],
  ['b'],
  ['a', 'b'],
  ['a', 'b', 'c'],
  ['a.b'],
  ['b', 'a'],
  ['c'],
  ['__proto__'],
  ['é'],
  ['a', 'length'],
];

function agrees(text: string): void {
  const decoded = decodeOne(text, PATHS);
  const parsed = parseJsonText(text.replace(/^\ufeff/, ''));
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  assert.equal('values' in decoded, isObject, `${JSON.stringify(text)} ${JSON.stringify(decoded)}`);
  if (!('values' in decoded)) return;
  PATHS.forEach((path, slot) =>
    assert.deepEqual(
      plain(decoded.values[slot]),
      plain(valueAtPath(parsed, path)),
      `${text} at ${JSON.stringify(path)}`,
    ),
  );
}

const plain = (value: Json | undefined): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

test('spans are those of the values that JSON.parse gives', () => {
  const key = fc.constantFrom(
    'a',
    'b',
    'c',
    'a.b',
    'a.b.c',
    'b.c',
    '__proto__',
    'é',
    'length',
    'x"y',
    '\u0000',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, false),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.string({ unit: 'binary' }),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map((pairs) => ({ pairs })),
  })) as unknown as { value: fc.Arbitrary<unknown> };
  const text = (one: unknown): string => {
    if (Array.isArray(one)) return `[${one.map(text).join(' , ')}]`;
    if (typeof one !== 'object' || one === null) return JSON.stringify(one);
    // Repeated keys, and keys with escapes.
    return `{${(one as { pairs: [string, unknown][] }).pairs.map(([name, inner], i) => `${i % 3 === 0 ? JSON.stringify(name).replace(/a/g, '\\u0061') : JSON.stringify(name)}: ${text(inner)}`).join(',')}}`;
  };
  fc.assert(
    fc.property(value, (one) => agrees(text(one))),
    { numRuns: 2000 * RUNS },
  );
});

test('records that are cut or changed anywhere are judged as JSON.parse judges them', () => {
  const good =
    '{"a": {"b": [1, -2.5e+3, 0], "a.b": "x\\u00e9\\n\\"" }, "b": true, "c": null, "é": 9007199254740993, "b": false}';
  for (let i = 0; i <= good.length; i++) agrees(good.slice(0, i));
  fc.assert(
    fc.property(
      fc.nat(good.length - 1),
      fc.constantFrom(
        '{',
        '}',
        '"',
        '\\',
        ',',
        ':',
        '0',
        '-',
        'e',
        '.',
        ' ',
        '\t',
        '\u0001',
        'x',
        '[',
        ']',
        'é',
        '\ufeff',
      ),
      fc.boolean(),
      (at, char, insert) => agrees(good.slice(0, at) + char + good.slice(insert ? at : at + 1)),
    ),
    { numRuns: 3000 * RUNS },
  );
});

test('a record that does not decode says why and where', () => {
  const why = (text: string): [string, number] => {
    const decoded = decodeOne(text, [['a']]);
    assert.ok('reason' in decoded, text);
    return [decoded.reason, decoded.offset];
  };
  assert.deepEqual(why('{"a": 1'), ['the record is cut off', 7]);
  assert.deepEqual(why('{"a": "x\u0000"}'), ['a control character in a string', 8]);
  assert.deepEqual(why('{"a": 01}'), ['a number may not begin with 0', 7]);
  assert.deepEqual(why('[1]'), ['the record is not an object', 0]);
  assert.deepEqual(why('   '), ['the record is empty', 3]);
  assert.deepEqual(why('{"a": 1} x'), ['something follows the object', 9]);
  assert.deepEqual(why(`{"a": ${'['.repeat(600)}`), ['nested deeper than 512', 517]);
});

test('bytes that are not UTF-8 read as U+FFFD', () => {
  const decoded = decodeOne(
    Uint8Array.of(
      0x7b,
      0x22,
      0x61,
      0x22,
      0x3a,
      0x22,
      0xff,
      0xc3,
      0x28,
      0xed,
      0xa0,
      0x80,
      0x22,
      0x7d,
    ),
    [['a']],
  );
  assert.deepEqual(decoded, { values: ['\ufffd\ufffd(\ufffd\ufffd\ufffd'] });
});

test('an integer that a double cannot hold is the text of its digits', () => {
  assert.deepEqual(
    decodeOne('{"a": 9007199254740993, "b": 9007199254740992, "c": 1e400}', [['a'], ['b'], ['c']]),
    { values: ['9007199254740993', 9007199254740992, '1e400'] },
  );
});

test('constants of a source win, and no event can forge a fact', () => {
  const paths = [['product'], ['$tenant'], ['$at']];
  const bytes = new TextEncoder().encode('{"product":"mine","$tenant":"forged"}');
  const view = new EventView(paths);
  view.setConstants([[0, 'windows']]);
  view.moveTo(
    makeJsonDecoder(paths, null).decode(bytes, Int32Array.of(0), Int32Array.of(bytes.length), 1),
    0,
  );
  view.setFacts(5, 6, 's', 'acme', 1);
  assert.deepEqual(
    [view.get(0), view.get(1), view.get(2), view.at(['product'])],
    ['windows', 'acme', 5, 'windows'],
  );
});
