// npm run prove:sigma -- CASES   All rules over recorded events, beside RSigma: hits per rule and event.
//
// CASES holds the folders windows-telemetry/data, cloudtrail and zeek (JSON lines, .gz). RSigma is built with cargo into
// tmp/ on the first run, or named by RSIGMA. What differs is counted under the sentence of docs/sigma.md that explains
// it, and the explanation is looked for in rule and event; what nothing explains is an error.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { compile, type CompiledRule } from '../packages/core/src/language/compile.ts';
import { noSources } from '../packages/core/src/language/config/config.ts';
import { views } from '../packages/core/src/language/config/views/index.ts';
import {
  windowsCategories,
  windowsChannels,
} from '../packages/core/src/language/config/views/windows-log-sources.ts';
import type { Json } from '../packages/core/src/plan/json.ts';
import { valueAtPath } from '../packages/core/src/plan/path-value.ts';
import { valueThrough } from '../packages/core/src/plan/view-value.ts';
import { ruleFiles } from '../tests/sigma/corpus.ts';
import { autoSource, HitFinder } from '../tests/sigma/engine-hits.ts';

const VERSION = '0.23.0';
const work = 'tmp/prove-sigma';
mkdirSync(join(work, 'rules'), { recursive: true });

type Fields = { readonly [name: string]: Json };

interface Recording {
  readonly name: string;
  readonly lines: readonly string[];
}

interface Corpus {
  readonly name: string;
  /** RSigma's own routing. */
  readonly flags: readonly string[];
  readonly recordings: readonly Recording[];
}

function rsigma(): string {
  const given = process.env['RSIGMA'];
  if (given !== undefined) return given;
  const built = join('tmp', 'rsigma', 'bin', 'rsigma');
  if (!existsSync(built)) {
    console.log(`building RSigma ${VERSION} …`);
    const { status } = spawnSync(
      'cargo',
      [
        'install',
        `rsigma@${VERSION}`,
        '--locked',
        '--features',
        'daachorse-index',
        '--root',
        'tmp/rsigma',
      ],
      { stdio: 'inherit', env: { ...process.env, CARGO_PROFILE_RELEASE_LTO: 'thin' } },
    );
    if (status !== 0) throw new Error('RSigma could not be built');
  }
  return built;
}

const linesOf = (file: string): string[] =>
  gunzipSync(readFileSync(file))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');

function corpora(cases: string): Corpus[] {
  const telemetry = join(cases, 'windows-telemetry', 'data');
  const cloudtrail = join(cases, 'cloudtrail');
  const zeek = join(cases, 'zeek');
  const routing = (product: string): string[] => [
    '--logsource-routing',
    '--event-logsource',
    `product=${product}`,
  ];
  const files = (folder: string): string[] =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.ndjson.gz'))
      .sort();
  return [
    {
      name: 'Windows (OTRF)',
      flags: [...routing('windows'), '-p', 'sysmon'],
      recordings: files(telemetry).map((file) => ({
        name: file,
        lines: linesOf(join(telemetry, file)),
      })),
    },
    {
      name: 'CloudTrail',
      flags: routing('aws'),
      recordings: files(cloudtrail).map((file) => ({
        name: file,
        // Stratus writes each record into an envelope of its own.
        lines: linesOf(join(cloudtrail, file)).map((line) => {
          const value = JSON.parse(line) as { event?: Json };
          return value.event === undefined ? line : JSON.stringify(value.event);
        }),
      })),
    },
    {
      name: 'Zeek',
      flags: routing('zeek'),
      recordings: files(zeek).map((file) => ({
        name: file,
        lines: linesOf(join(zeek, file)).map((line) =>
          // One of the sets has no name of the log in its records: they are all of http.
          file.startsWith('http') ? line.replace(/^\{/, '{"_path":"http",') : line,
        ),
      })),
    },
  ];
}

const rules = ruleFiles('rules.ndjson.gz');
for (const { name, text } of rules)
  writeFileSync(join(work, 'rules', `${createHash('sha1').update(name).digest('hex')}.yml`), text);
const compiled = compile(rules, { sources: noSources });
const byId = new Map(compiled.rules.map((rule) => [rule.plan.id, rule]));
const needsList = new Set(
  compiled.sigma.filter(({ state }) => state === 'needs a list').map(({ id }) => id),
);

function weirHits({ recordings }: Corpus): Set<string> {
  const found = new Set<string>();
  const finder = new HitFinder(
    compiled.plan,
    autoSource,
    recordings.map(({ name }) => name),
  );
  for (const { name, lines } of recordings)
    finder.lines(name, new TextEncoder().encode(lines.join('\n')), (rule, number) =>
      found.add(`${name}\t${number}\t${rule}`),
    );
  if (finder.errors.length > 0) throw new Error(finder.errors.slice(0, 5).join('\n'));
  return found;
}

async function rsigmaHits({ flags, recordings }: Corpus, program: string): Promise<Set<string>> {
  const child = spawn(
    program,
    [
      'engine',
      'eval',
      '-r',
      join(work, 'rules'),
      '--quiet',
      '--output-format',
      'ndjson',
      '--include-event',
      ...flags,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const found = new Set<string>();
  const reading = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const { rule_id, event } = JSON.parse(line) as {
        rule_id: string;
        event: { weir_name: string };
      };
      found.add(`${event.weir_name}\t${rule_id}`);
    }
  })();
  for (const { name, lines } of recordings)
    for (const [i, line] of lines.entries()) {
      const named = `{"weir_name":${JSON.stringify(`${name}\t${i}`)},${line.trimStart().slice(1)}\n`;
      if (!child.stdin.write(named))
        await new Promise<void>((resolve) => child.stdin.once('drain', resolve));
    }
  child.stdin.end();
  await reading;
  return found;
}

const view = views.get('auto')!;

/** The sentence of docs/sigma.md that explains a hit that only one of both has; null: none does. */
function explanation(rule: string, event: Fields, isOurs: boolean): string | null {
  if (!isOurs && needsList.has(rule)) return 'S6 a placeholder asks for its list';
  const known = byId.get(rule);
  if (known === undefined) return null;
  if (!isOurs) {
    if (!isOfLogSource(known, event)) return 'S1 log source';
    return readsOtherName(known, event)
      ? 'S3 a field by its other name'
      : wildcardLines(known, event);
  }
  if (String(event['EventID']) === '4688' && String(event['Channel']).toLowerCase() === 'security')
    return 'S2 Security 4688 is a process creation';
  if (readsOtherName(known, event)) return 'S3 a field by its other name';
  return wildcardLines(known, event);
}

/** S4: `*` stands for any text, line breaks too. */
function wildcardLines({ plan }: CompiledRule, event: Fields): string | null {
  const hasLines = (plan.filter?.paths ?? []).some((path) => {
    const value = valueThrough(view, event, path);
    return typeof value === 'string' && value.includes('\n');
  });
  return hasLines && /utils\.like\(/.test(plan.filter?.text ?? '')
    ? 'S4 a wildcard stands for line breaks too'
    : null;
}

function readsOtherName({ plan }: CompiledRule, event: Fields): boolean {
  return (plan.filter?.paths ?? []).some(
    (path) =>
      valueAtPath(event, path) === undefined && valueThrough(view, event, path) !== undefined,
  );
}

/** Is the event of the log source that the rule names, as the table of SigmaHQ's own tests says? */
function isOfLogSource({ plan }: CompiledRule, event: Fields): boolean {
  const part = (name: string): string | undefined =>
    plan.sources.find(({ path }) => path[0] === name)?.values[0];
  const service = part('$service');
  const category = part('$category');
  const channel = String(valueThrough(view, event, ['Channel'])).toLowerCase();
  const isIn = (one: string): boolean =>
    (windowsChannels[one] ?? []).some((name) => name.toLowerCase() === channel);
  if (part('$product') === 'windows' || (part('$product') === undefined && 'Channel' in event)) {
    const isService = service === undefined || isIn(service);
    const isCategory =
      category === undefined ||
      windowsCategories.some(
        (one) =>
          one.category === category &&
          isIn(one.service) &&
          String(event['EventID']) === String(one.eventId) &&
          (one.eventType === null || event['EventType'] === one.eventType),
      );
    return isService && isCategory && part('$product') !== undefined;
  }
  const log = event['_path'] ?? event['@path'] ?? event['@stream'];
  if (log !== undefined)
    return part('$product') === 'zeek' && service === log && category === undefined;
  return (
    part('$product') === 'aws' &&
    (service === undefined || service === 'cloudtrail') &&
    category === undefined
  );
}

async function compare(corpus: Corpus, program: string): Promise<boolean> {
  const startedAt = performance.now();
  const ours = weirHits(corpus);
  const oursMs = performance.now() - startedAt;
  const theirs = await rsigmaHits(corpus, program);
  const events = new Map<string, string>(
    corpus.recordings.flatMap(({ name, lines }) =>
      lines.map((line, i) => [`${name}\t${i}`, line] as const),
    ),
  );
  const both = [...ours].filter((hit) => theirs.has(hit)).length;
  const counts = new Map<string, number>();
  const unexplained: string[] = [];
  const look = (hit: string, isOurs: boolean): void => {
    const at = hit.lastIndexOf('\t');
    const event = JSON.parse(events.get(hit.slice(0, at))!) as Fields;
    const why = explanation(hit.slice(at + 1), event, isOurs);
    if (why === null) unexplained.push(`${isOurs ? 'only Weir  ' : 'only RSigma'} ${hit}`);
    else {
      const name = `${isOurs ? 'only Weir  ' : 'only RSigma'} ${why}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  };
  for (const hit of ours) if (!theirs.has(hit)) look(hit, true);
  for (const hit of theirs) if (!ours.has(hit)) look(hit, false);
  console.log(
    `${unexplained.length === 0 ? '✔' : '✖'} ${corpus.name}: ${events.size} events, ${compiled.rules.length} rules: ${both} hits of both (Weir ${ours.size} in ${(oursMs / 1000).toFixed(1)} s, RSigma ${theirs.size})`,
  );
  for (const [why, count] of counts) console.log(`    ${String(count).padStart(6)}  ${why}`);
  for (const one of unexplained.slice(0, 20)) console.log(`    not explained: ${one}`);
  return unexplained.length === 0;
}

const [cases] = process.argv.slice(2);
if (cases === undefined) throw new Error('name the folder of the cases');
let isRight = true;
for (const corpus of corpora(cases)) if (!(await compare(corpus, rsigma()))) isRight = false;
process.exitCode = isRight ? 0 : 1;
