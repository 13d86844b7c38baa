import type { Span } from '../../plan/diagnostic.ts';
import { takeCode } from './code-text.ts';
import { ClauseProblem, type Cursor } from './cursor.ts';
import { takeFieldName, takeSeverity, takeStatus, takeStrings } from './names.ts';
import { makeTimeReader } from '../../plan/parse-time.ts';
import { takeKeys, takeSources } from './keys-and-sources.ts';
import { takeAlert, takeOutputs } from './alert-clause.ts';
import { takeAll, takeJoin, takeSequence } from './sequence-clause.ts';
import { takeSpan, takeWindow } from './spans-of-time.ts';
import type {
  AlertSyntax,
  AllSyntax,
  Code,
  ExceptSyntax,
  FieldName,
  IocSyntax,
  JoinSyntax,
  KeySyntax,
  OutputSyntax,
  RuleSyntax,
  SequenceSyntax,
  SourceSyntax,
  WindowSyntax,
} from './syntax.ts';
import { takeTest } from './test-clause.ts';
import type { TestSyntax } from './syntax.ts';

/** What the clauses of one rule said, before they are put together. */
export interface Clauses {
  id?: string;
  description?: string;
  severity?: RuleSyntax['severity'];
  tags?: readonly string[];
  owner?: string;
  references?: readonly string[];
  falsePositives?: readonly string[];
  status?: RuleSyntax['status'];
  tenants?: readonly string[];
  sources?: readonly SourceSyntax[];
  filter?: Code;
  iocs?: IocSyntax;
  excepts?: readonly ExceptSyntax[];
  using?: { field: FieldName; boundMs: number | null };
  latenessMs?: number;
  aggregate?: { span: Span; keys: readonly KeySyntax[] | null };
  window?: WindowSyntax;
  sequence?: Omit<SequenceSyntax, 'having'>;
  all?: Omit<AllSyntax, 'having'>;
  join?: Omit<JoinSyntax, 'having'>;
  alert?: AlertSyntax;
  outputs?: readonly OutputSyntax[];
  sort?: readonly { field: FieldName; descending: boolean }[];
  sortSpan?: Span;
  having?: Code;
  sink?: Code;
  select?: { span: Span; fields: readonly FieldName[] };
  tests: TestSyntax[];
}

/** One clause: its words, what it sets (two clauses of a rule may not set the same), how it is read. */
export interface Clause {
  readonly words: readonly string[];
  readonly sets: keyof Clauses | null;
  readonly read: (cursor: Cursor, clauses: Clauses, start: number) => void;
}

/** Refused by name until their engine is built; `docs/language.md` lists them under "Not yet". */
const later = (code: `E${number}`, ...words: readonly string[]): Clause => ({
  words,
  sets: null,
  read: (cursor, _clauses, start) => {
    throw new ClauseProblem(code, `${words.join(' ')} is not built yet`, {
      start,
      end: cursor.position,
    });
  },
});

export const clauses: readonly Clause[] = [
  { words: ['ID'], sets: 'id', read: (cursor, to) => (to.id = cursor.takeString('the id')) },
  {
    words: ['DESCRIPTION'],
    sets: 'description',
    read: (cursor, to) => (to.description = cursor.takeString('the description')),
  },
  {
    words: ['SEVERITY'],
    sets: 'severity',
    read: (cursor, to) => (to.severity = takeSeverity(cursor)),
  },
  { words: ['TAGS'], sets: 'tags', read: (cursor, to) => (to.tags = takeStrings(cursor, 'a tag')) },
  {
    words: ['OWNER'],
    sets: 'owner',
    read: (cursor, to) => (to.owner = cursor.takeString('the owner')),
  },
  {
    words: ['REFERENCES'],
    sets: 'references',
    read: (cursor, to) => (to.references = takeStrings(cursor, 'a reference')),
  },
  {
    words: ['FALSE', 'POSITIVES'],
    sets: 'falsePositives',
    read: (cursor, to) => (to.falsePositives = takeStrings(cursor, 'a false positive')),
  },
  { words: ['STATUS'], sets: 'status', read: (cursor, to) => (to.status = takeStatus(cursor)) },
  {
    words: ['TENANTS'],
    sets: 'tenants',
    read: (cursor, to) => (to.tenants = takeStrings(cursor, 'a tenant')),
  },
  { words: ['SOURCES'], sets: 'sources', read: (cursor, to) => (to.sources = takeSources(cursor)) },
  later('E170', 'LOOKUP'),
  later('E171', 'ENRICH'),
  later('E172', 'MODEL'),
  {
    words: ['SELECT'],
    sets: 'select',
    read: (cursor, to, start) => (to.select = takeSelect(cursor, start)),
  },
  {
    words: ['FILTER'],
    sets: 'filter',
    read: (cursor, to) => (to.filter = takeCode(cursor, 'event')),
  },
  {
    words: ['WHERE'],
    sets: 'filter',
    read: (cursor, to) => (to.filter = takeCode(cursor, 'fields')),
  },
  { words: ['IOC', 'FILTERS'], sets: 'iocs', read: (cursor, to) => (to.iocs = takeIocs(cursor)) },
  {
    words: ['EXCEPT'],
    sets: null,
    read: (cursor, to, start) => (to.excepts = [...(to.excepts ?? []), takeExcept(cursor, start)]),
  },
  { words: ['USING'], sets: 'using', read: (cursor, to) => (to.using = takeUsing(cursor)) },
  {
    words: ['LATENESS'],
    sets: 'latenessMs',
    read: (cursor, to) => (to.latenessMs = takeSpan(cursor, 0)),
  },
  { words: ['AGGREGATE', 'BY'], sets: 'aggregate', read: takeAggregate },
  { words: ['WITHIN'], sets: 'window', read: (cursor, to) => (to.window = takeWindow(cursor)) },
  { words: ['SORT', 'BY'], sets: 'sort', read: takeSort },
  {
    words: ['HAVING'],
    sets: 'having',
    read: (cursor, to) => (to.having = takeCode(cursor, 'aggregates')),
  },
  {
    words: ['SEQUENCE', 'BY'],
    sets: 'sequence',
    read: (cursor, to, start) => (to.sequence = takeSequence(cursor, start)),
  },
  {
    words: ['ALL', 'BY'],
    sets: 'all',
    read: (cursor, to, start) => (to.all = takeAll(cursor, start)),
  },
  {
    words: ['JOIN', 'BY'],
    sets: 'join',
    read: (cursor, to, start) => (to.join = takeJoin(cursor, start)),
  },
  {
    words: ['ALERT', 'BY'],
    sets: 'alert',
    read: (cursor, to, start) => (to.alert = takeAlert(cursor, start)),
  },
  later('E180', 'SCORE'),
  { words: ['SINK'], sets: 'sink', read: (cursor, to) => (to.sink = takeCode(cursor, 'event')) },
  {
    words: ['OUTPUT'],
    sets: 'outputs',
    read: (cursor, to, start) => (to.outputs = takeOutputs(cursor, start)),
  },
  later('E178', 'ACTION'),
  later('E186', 'PATH'),
  later('E187', 'METRIC'),
  {
    words: ['TEST'],
    sets: null,
    read: (cursor, to, start) => to.tests.push(takeTest(cursor, start)),
  },
];

/** Words that begin a clause: for corrections, and to find the next clause after a broken one. */
export const clauseWords: readonly string[] = clauses.map(({ words }) => words[0]!);

function takeSelect(cursor: Cursor, start: number): { span: Span; fields: FieldName[] } {
  const fields: FieldName[] = [];
  do fields.push(takeFieldName(cursor));
  while (cursor.takeSign(','));
  return { span: { start, end: cursor.position }, fields };
}

/** `Ioc { [ "AND" | "OR" ] Ioc }`, AND binds tighter. */
function takeIocs(cursor: Cursor): IocSyntax {
  const alternatives: IocSyntax[][] = [[takeIoc(cursor)]];
  for (;;) {
    if (cursor.takeKeywords('OR')) alternatives.push([takeIoc(cursor)]);
    else if (cursor.takeKeywords('AND') || beginsIoc(cursor))
      alternatives.at(-1)!.push(takeIoc(cursor));
    else break;
  }
  return joined(
    'or',
    alternatives.map((all) => joined('and', all)),
  );
}

const joined = (kind: 'and' | 'or', of: readonly IocSyntax[]): IocSyntax =>
  of.length === 1 ? of[0]! : { kind, of };
const beginsIoc = (cursor: Cursor): boolean =>
  ['IN', 'NOT'].includes(cursor.peekWord().toUpperCase());

function takeIoc(cursor: Cursor): IocSyntax {
  cursor.skipSpace();
  const start = cursor.position;
  if (cursor.takeKeywords('NOT')) return { kind: 'not', of: takeIoc(cursor) };
  cursor.expectKeywords('IN');
  let list = takeListName(cursor);
  if (list.toUpperCase() === 'IOC' && !cursor.peekSign('(')) list = takeListName(cursor);
  cursor.expectSign('(');
  const field = takeFieldName(cursor);
  cursor.expectSign(')');
  return { kind: 'in', span: { start, end: cursor.position }, list, field };
}

function takeListName(cursor: Cursor): string {
  let name = cursor.takeWord();
  if (name === '') cursor.fail('expected the name of a list');
  while (cursor.text[cursor.position] === '-') {
    cursor.position++;
    name += `-${/^[\p{ID_Continue}]*/u.exec(cursor.text.slice(cursor.position, cursor.end))![0]}`;
    cursor.position += name.length - name.lastIndexOf('-') - 1;
  }
  return name;
}

/** `EXCEPT code REASON '…' [UNTIL date]`. */
function takeExcept(cursor: Cursor, start: number): ExceptSyntax {
  const code = takeCode(cursor, 'event');
  if (!cursor.takeKeywords('REASON'))
    cursor.fail('an exception says its REASON', "REASON 'scanner of the network team'");
  const reason = cursor.takeString('the reason');
  if (reason.trim() === '') cursor.fail('an exception says its REASON');
  const untilMs = cursor.takeKeywords('UNTIL') ? takeTime(cursor) : null;
  return { span: { start, end: cursor.position }, code, reason, untilMs };
}

const readTime = makeTimeReader({ paths: [], format: null, zone: 'UTC' });

function takeTime(cursor: Cursor): number {
  cursor.skipSpace();
  const start = cursor.position;
  const text = cursor.takeString('the time');
  const at = readTime(text);
  if (!Number.isNaN(at)) return at;
  throw new ClauseProblem(
    'E107',
    `${JSON.stringify(text)} is not a time`,
    { start, end: cursor.position },
    '"2027-01-31"',
  );
}

function takeUsing(cursor: Cursor): { field: FieldName; boundMs: number | null } {
  const field = takeFieldName(cursor);
  return { field, boundMs: cursor.takeKeywords('BOUND') ? takeSpan(cursor, 0) : null };
}

function takeAggregate(cursor: Cursor, to: Clauses, start: number): void {
  const keys = takeKeys(cursor);
  to.aggregate = { span: { start, end: cursor.position }, keys };
}

function takeSort(cursor: Cursor, to: Clauses, start: number): void {
  const sort: { field: FieldName; descending: boolean }[] = [];
  do {
    const field = takeFieldName(cursor);
    const descending = cursor.takeKeywords('DESC');
    if (!descending) cursor.takeKeywords('ASC');
    sort.push({ field, descending });
  } while (cursor.takeSign(','));
  to.sort = sort;
  to.sortSpan = { start, end: cursor.position };
}
