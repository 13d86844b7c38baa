// The command as people run it: real processes, real files.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';

const folder = mkdtempSync(join(tmpdir(), 'weir-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const WEIR = fileURLToPath(new URL('../bin/weir.js', import.meta.url));

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function weir(values: readonly string[], input?: string): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [WEIR, ...values], {
    cwd: folder,
    encoding: 'utf8',
    input,
    maxBuffer: 1 << 28,
  });
  return { status, out: stdout, err: stderr };
}

const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return name;
};

const lines = (out: string): Record<string, unknown>[] =>
  out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const finals = (out: string): Record<string, unknown>[] =>
  lines(out)
    .filter(({ kind, change }) => kind === 'result' && change === 'final')
    .map(({ result }) => result as Record<string, unknown>);
const totals = (out: string): Record<string, number> =>
  lines(out).find(({ kind }) => kind === 'totals') as Record<string, number>;

const event = (n: number, more: object = {}): string =>
  JSON.stringify({ '@timestamp': 1_700_000_000_000 + n * 1000, n, u: `u${n % 3}`, ...more });
const RULES = file(
  'rules.weir',
  `RULE "seven" FILTER event.n == 7\nRULE "many" AGGREGATE BY u WITHIN 1:min HAVING count() >= 3\n`,
);
const many = (count: number): string =>
  `${Array.from({ length: count }, (_, n) => event(n)).join('\n')}\n`;

test('lines, lists, objects over several lines, gzip, zstd and standard input are one input', () => {
  const records = Array.from({ length: 40 }, (_, n) => event(n));
  const asLines = weir([
    'run',
    file('a.ndjson', records.join('\n')),
    '--rules',
    RULES,
    '--json',
    '--final',
  ]);
  assert.equal(asLines.status, 0, asLines.err);
  const expected = finals(asLines.out)
    .map(({ rule, at, count }) => JSON.stringify([rule, at, count]))
    .toSorted();
  assert.ok(expected.length >= 4);
  const inputs = [
    file('a.json', `[${records.join(',\n')}]`),
    file('b.json', records.map((record) => JSON.stringify(JSON.parse(record), null, 2)).join('\n')),
    file(
      'c.json',
      `[\n${records.map((record) => JSON.stringify(JSON.parse(record), null, 1)).join(',')}\n]\n`,
    ),
    file('a.ndjson.gz', gzipSync(records.join('\r\n'))),
    file('a.ndjson.zst', zstdCompressSync(`${records.join('\n\n')}\n`)),
  ];
  for (const input of inputs) {
    const { status, out, err } = weir(['run', input, '--rules', RULES, '--json', '--final']);
    assert.equal(status, 0, `${input}: ${err}`);
    assert.deepEqual(
      finals(out)
        .map(({ rule, at, count }) => JSON.stringify([rule, at, count]))
        .toSorted(),
      expected,
      input,
    );
  }
  const piped = weir(['run', '-', '--rules', RULES, '--json', '--final'], records.join('\n'));
  assert.deepEqual(
    finals(piped.out)
      .map(({ rule, at, count }) => JSON.stringify([rule, at, count]))
      .toSorted(),
    expected,
    piped.err,
  );
});

test('garbage is set aside with position and reason, and hides nothing', () => {
  const records = [
    event(1),
    '{"n": 7,',
    'no json',
    `{"n":"\u0000"}`,
    event(7),
    '[1,2]',
    '',
    event(8, { '@timestamp': '1601-01-01T00:00:00Z' }),
    event(9, { '@timestamp': '9999-12-31T23:59:59Z' }),
    event(10, { '@timestamp': { odd: true } }),
    `{"n":11,"text":"${'x'.repeat(50_000_000)}"}`,
    event(12),
    '{"n":',
  ];
  const { status, out } = weir([
    'run',
    file('garbage.ndjson', records.join('\n')),
    '--rules',
    RULES,
    '--json',
    '--final',
  ]);
  assert.equal(status, 0);
  assert.equal(finals(out).filter(({ rule }) => rule === 'seven').length, 1);
  const aside = lines(out).filter(({ kind }) => kind === 'set-aside');
  assert.deepEqual(
    aside
      .map(({ number, offset }) => [number, offset])
      .sort((a, b) => (a[0] as number) - (b[0] as number)),
    [
      [2, 8],
      [3, 1],
      [4, 6],
      [6, 0],
      [10, 0],
      [12, 5],
    ],
  );
  assert.ok(aside.every(({ reason }) => typeof reason === 'string' && reason.length > 5));
  const { read, decoded, undecodable, noTime } = totals(out);
  assert.deepEqual([read, decoded, undecodable], [12, 6, 6]);
  assert.equal(noTime, 3);
});

test('a rule file of random bytes, and a rule that throws, do not disturb the others', () => {
  writeFileSync(
    join(folder, 'random.weir'),
    Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919 + (i % 13) * 31) % 256),
  );
  const text = file(
    'throws.weir',
    'RULE "throws" FILTER event => { throw "no"; }\nRULE "broken" FILTER event.a ==\nRULE "fine" FILTER event.n == 7\n',
  );
  const { status, out, err } = weir([
    'run',
    file('d.ndjson', many(20)),
    '--rules',
    text,
    'random.weir',
    '--json',
    '--final',
  ]);
  assert.equal(status, 1);
  assert.deepEqual(
    finals(out).map(({ rule }) => rule),
    ['fine'],
  );
  assert.match(err, /E108|E101|E116/);
  assert.match(err, /throws\.weir:3:1|throws\.weir:2:/);
  assert.ok(lines(out).some(({ kind, clause }) => kind === 'error' && clause === 'FILTER'));
  const counts = lines(out).find(({ kind }) => kind === 'totals')!['rules'] as {
    rule: string;
    flagged: boolean;
  }[];
  assert.equal(counts.find(({ rule }) => rule === 'throws')?.flagged, true);
});

test('a packed file that is cut off is used as far as it goes, and the exit code says so', () => {
  const whole = gzipSync(many(20_000));
  const { status, out, err } = weir([
    'run',
    file('cut.ndjson.gz', whole.subarray(0, whole.length - 2000)),
    '--rules',
    RULES,
    '--json',
    '--final',
  ]);
  assert.equal(status, 2);
  assert.match(err, /could not be read to its end/);
  assert.ok(totals(out)['read']! > 1000);
});

test('the text says who, what, when, where and why, and the table adds up', () => {
  const { status, out } = weir(['run', file('e.ndjson', many(30)), '--rules', RULES]);
  assert.equal(status, 0);
  for (const word of ['who    u u0', 'when', 'where  events e.ndjson', 'why    count() is', 'n=7'])
    assert.ok(out.includes(word), word);
  assert.match(out, /30 {2}records read/);
  assert.doesNotMatch(out, /\u001b/);
});

/** Starts a run, and gives its process, its output so far, and its end. */
function start(values: readonly string[]): {
  child: ReturnType<typeof spawn>;
  out: () => string;
  err: () => string;
  ended: Promise<number | null>;
} {
  const child = spawn(process.execPath, [WEIR, ...values], { cwd: folder });
  // A test that fails leaves nobody behind.
  after(() => child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
  return {
    child,
    out: () => out,
    err: () => err,
    ended: new Promise((resolve) => child.on('close', resolve)),
  };
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 300 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(holds(), what);
}

/** Engine processes that a command started. */
const enginesOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);

test(
  'kill -9 of the engine in mid-run, from a file and from standard input: said, restarted, nothing lost or twice',
  { skip: process.platform !== 'linux' },
  async () => {
    const input = many(400_000);
    file('long.ndjson', input);
    const undisturbed = weir(['run', 'long.ndjson', '--rules', RULES, '--json', '--final']);
    const expected = finals(undisturbed.out)
      .map(({ rule, key, start: from, count }) => JSON.stringify([rule, key, from, count]))
      .sort();
    for (const way of ['file', 'stdin']) {
      const run = start([
        'run',
        way === 'file' ? 'long.ndjson' : '-',
        '--rules',
        RULES,
        '--json',
        '--final',
      ]);
      if (way === 'stdin') run.child.stdin!.write(input.slice(0, input.length / 2));
      else run.child.stdin!.end();
      for (let kill = 0; kill < 2; kill++) {
        const before = run.out().length;
        await until(() => run.out().length > before + 2000, `${way}: results come`);
        const [engine] = enginesOf(run.child.pid!);
        if (engine !== undefined) process.kill(engine, 'SIGKILL');
        await until(
          () =>
            (run.err().match(/started again/g) ?? []).length > kill || run.child.exitCode !== null,
          'it is said',
        );
        if (kill === 0 && way === 'stdin') run.child.stdin!.write(input.slice(input.length / 2));
      }
      if (way === 'stdin') run.child.stdin!.end();
      assert.equal(await run.ended, 0, run.err());
      assert.match(run.err(), /SIGKILL.*started again/);
      const got = finals(run.out())
        .map(({ rule, key, start: from, count }) => JSON.stringify([rule, key, from, count]))
        .sort();
      assert.deepEqual(got, expected, way);
      assert.equal(totals(run.out())['read'], 400_000);
    }
  },
);

test('--follow reads on as files grow and are replaced; Ctrl-C ends with what was found', async () => {
  file('grow.ndjson', `${event(1)}\n`);
  const run = start(['run', 'grow.ndjson', '--rules', RULES, '--json', '--follow']);
  appendFileSync(join(folder, 'grow.ndjson'), `${event(7)}\n`);
  await until(() => run.out().includes('"seven"'), 'the event that was appended is found');
  renameSync(join(folder, 'grow.ndjson'), join(folder, 'grow.1'));
  file('grow.ndjson', `${event(7, { u: 'again' })}\n`);
  await until(
    () => finals(run.out()).filter(({ rule }) => rule === 'seven').length === 2,
    'the new file is read',
  );
  run.child.kill('SIGINT');
  assert.equal(await run.ended, 0, run.err());
  assert.equal(totals(run.out())['read'], 3);
});

test('OUTPUT writes the results of a rule to a declared file besides; one that nobody declared is refused', () => {
  file('outputs.yaml', 'outputs: {pager: {file: pager.ndjson}}\n');
  file(
    'output.weir',
    'RULE "loud" FILTER event.n == 7 OUTPUT pager\nRULE "other" FILTER event.n == 8 OUTPUT pagre\n',
  );
  file('output.ndjson', many(9));
  const ran = weir([
    'run',
    'output.ndjson',
    '--rules',
    'output.weir',
    '--config',
    'outputs.yaml',
    '--json',
  ]);
  assert.match(ran.err, /E218[^]*no output is called pagre[^]*pager/);
  const written = lines(readFileSync(join(folder, 'pager.ndjson'), 'utf8'));
  assert.deepEqual(
    written.map(({ kind, result }) => [kind, (result as { rule: string }).rule]),
    [['result', 'loud']],
  );
});

test('--watch: a saved rule is live, a broken one keeps the version before, a new one is given what was read', async () => {
  const rule = (least: number, more = ''): string =>
    `RULE "often" FILTER event.n < 100 ${more} AGGREGATE BY u WITHIN 10:min HAVING count() >= ${least}\n`;
  file(
    'watched.ndjson',
    `${Array.from({ length: 4 }, (_, n) => event(n, { u: 'x' })).join('\n')}\n`,
  );
  file('watched.weir', `${rule(6)}RULE "ready" FILTER event.n == 3\n`);
  const words = [
    'run',
    'watched.ndjson',
    '--rules',
    'watched.weir',
    '--json',
    '--follow',
    '--watch',
  ];
  const run = start(words);
  const counts = (): number[] =>
    lines(run.out())
      .filter(({ kind }) => kind === 'result')
      .map(({ result }) => result as { rule: string; count: number })
      .filter((result) => result.rule !== 'ready')
      .map((result) => result.count);
  const append = (n: number): void =>
    appendFileSync(join(folder, 'watched.ndjson'), `${event(n, { u: 'x' })}\n`);
  await until(() => run.out().includes('"rule":"ready"'), 'it has read what there is');
  file('watched.weir', rule(5));
  await until(() => run.err().includes('goes on with what it has seen'), 'it is live');
  assert.deepEqual(counts(), []);
  append(4);
  await until(() => counts().length === 1, 'the next event fires');
  assert.deepEqual(counts(), [5]);
  file('watched.weir', 'RULE "often" FILTRE 1\n');
  await until(() => run.err().includes('the version before goes on running'), 'it is told');
  append(5);
  await until(() => counts().length === 2, 'the old version goes on');
  assert.deepEqual(counts(), [5, 6]);
  file(
    'watched.weir',
    `${rule(5)}RULE "new" FILTER event.n > 1 AGGREGATE BY u WITHIN 10:min HAVING count() >= 5\n`,
  );
  await until(() => run.err().includes('none is warming'), 'the new rule is given what was read');
  append(6);
  await until(() => run.out().includes('"rule":"new"'), 'it counts what was before it');
  run.child.kill('SIGINT');
  assert.equal(await run.ended, 0, run.err());
});

test('check, test, print and explain say what they found, and exit codes tell', () => {
  const good = file(
    'good.weir',
    `RULE "g" SOURCES $source = 'events' AGGREGATE BY u WITHIN 1:min HAVING count() >= 2\nTEST "two" EVENTS [...times(2, { u: 'x' })] EXPECT [{ count: 2, u: 'x' }]\nTEST "one" EVENTS [{ u: 'x' }] EXPECT 0\n`,
  );
  assert.equal(weir(['check', good]).status, 0);
  assert.match(weir(['test', good]).out, /2 passed, 0 failed, 0 drafts/);
  assert.match(weir(['explain', good]).out, /early: count/);
  assert.match(weir(['explain', 'E109']).out, /another language's operator/);
  const printed = weir(['print', good]).out;
  assert.equal(weir(['print', file('printed.weir', printed)]).out, printed);
  const bad = file(
    'bad.weir',
    `RULE "b" FILTRE event.a == 1\nTEST "t" EVENTS [{ u: 'x' }] EXPECT 1\n`,
  );
  const checked = weir(['check', bad]);
  assert.equal(checked.status, 1);
  assert.match(checked.out, /bad\.weir:1:10[^]*try: {2}FILTER/);
  const wrong = file(
    'wrong.weir',
    `RULE "w" FILTER event.u == 'y'\nTEST "t" EVENTS [{ u: 'x' }] EXPECT 1\n`,
  );
  const tested = weir(['test', wrong]);
  assert.equal(tested.status, 1);
  assert.match(tested.out, /expected 1 results, got 0[^]*draft/);
  assert.equal(weir(['run', 'nowhere.ndjson', '--rules', good]).status, 2);
  assert.equal(weir(['dance']).status, 2);
});

test('a folder of Sigma is checked with a table, run, printed as EPL, and its techniques are counted', () => {
  mkdirSync(join(folder, 'sigma'));
  const rule = (title: string, detection: string, more = ''): string =>
    `title: ${title}\nid: ${title}-id\nauthor: Ada\nlevel: high\ntags: [attack.execution, attack.t1059.001]\nlogsource: {product: windows, category: process_creation}\ndetection:\n  s: {${detection}}\n  condition: s\n${more}`;
  file('sigma/whoami.yml', rule('whoami', "Image|endswith: '\\WHOAMI.exe'"));
  file('sigma/listed.yml', rule('listed', "User|expand: '%vips%'"));
  file('sigma/broken.yml', rule('broken', 'Image|contians: x'));
  file('sigma/zeek.yml', rule('zeek', 'a: 1').replace('windows', 'macos'));
  const events = file(
    'sysmon.ndjson',
    [
      { Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, Image: 'C:\\whoami.exe' },
      {
        winlog: {
          channel: 'Security',
          event_id: '4688',
          event_data: { NewProcessName: 'C:\\whoami.exe' },
        },
      },
      { Channel: 'Application', EventID: 1, Image: 'C:\\whoami.exe' },
    ]
      .map((one) => JSON.stringify(one))
      .join('\n'),
  );
  const checked = weir(['check', 'sigma']);
  assert.equal(checked.status, 1);
  assert.match(checked.out, /rules +4 +2 +1 +1\n/);
  assert.match(checked.out, /broken\.yml:8:7[^]*try: {2}contains/);
  assert.match(checked.out, /1 rules can meet no event of the declared sources[^]*macos 1/);
  const ran = weir(['run', events, '--rules', 'sigma']);
  assert.match(ran.out, /2 results, 2 alerts/);
  assert.match(ran.out, /Image=C:\\whoami\.exe/);
  assert.match(ran.out, /by Ada/);
  file('vips.txt', 'anna\n');
  const config = file(
    'sigma.yaml',
    'lists: {vips: {kind: exact, file: vips.txt}}\npipelines: [windows-security-4688]',
  );
  assert.match(weir(['check', 'sigma', '--config', config]).out, /rules +4 +3 +1\n/);
  const printed = weir(['print', '--as', 'epl', '--config', config, 'sigma/whoami.yml']).out;
  assert.match(printed, /utils\.endsWithIgnoreCase\(event\.NewProcessName, "\\\\WHOAMI\.exe"\)/);
  assert.equal(weir(['print', file('whoami.weir', printed)]).out, printed);
  assert.match(weir(['coverage', 'sigma/whoami.yml']).out, /T1059\.001 +1 +execution/);
  const layer = JSON.parse(weir(['coverage', '--navigator', 'sigma/whoami.yml']).out) as {
    techniques: { techniqueID: string; score: number }[];
  };
  assert.deepEqual(
    layer.techniques.map(({ techniqueID, score }) => [techniqueID, score]),
    [['T1059.001', 1]],
  );
  assert.equal(weir(['check', 'sigma', '--pipeline', 'nothing']).status, 2);
});
