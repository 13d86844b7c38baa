import { takeCode } from './code-text.ts';
import { ClauseProblem, type Cursor } from './cursor.ts';
import { takeKeys, takeSources } from './keys-and-sources.ts';
import { takeSpan } from './spans-of-time.ts';
import type {
  AbsentSyntax,
  AllSyntax,
  Code,
  Contiguity,
  GroupSyntax,
  JoinBetween,
  JoinSyntax,
  KeySyntax,
  LoopSyntax,
  SequenceItem,
  SequenceSyntax,
  SideSyntax,
  SkipSyntax,
  SourceSyntax,
  StepSyntax,
} from './syntax.ts';

/** What follows `SEQUENCE BY`: keys, WITHIN, items, CANCEL and SKIP (docs/language.md section 13). */
export function takeSequence(cursor: Cursor, start: number): Omit<SequenceSyntax, 'having'> {
  const keys = takeKeys(cursor);
  if (!cursor.takeKeywords('WITHIN'))
    throw new ClauseProblem(
      'E111',
      'a sequence needs WITHIN: how long may it take?',
      { start, end: cursor.position },
      'WITHIN 10:min',
    );
  const withinMs = takeSpan(cursor);
  const items = takeItems(cursor, 0);
  const cancel = cursor.takeKeywords('CANCEL') ? takeCode(cursor, 'event') : null;
  const skip = takeSkip(cursor);
  const span = { start, end: cursor.position };
  refuseNames(items);
  return { span, keys, withinMs, items, cancel, skip };
}

/** What follows `ALL BY`. Which items may stand there is checked later. */
export function takeAll(cursor: Cursor, start: number): Omit<AllSyntax, 'having'> {
  const keys = takeKeys(cursor);
  if (!cursor.takeKeywords('WITHIN'))
    throw new ClauseProblem(
      'E111',
      'ALL needs WITHIN: how far may its events be apart?',
      { start, end: cursor.position },
      'WITHIN 10:min',
    );
  const withinMs = takeSpan(cursor);
  const items = takeItems(cursor, 0);
  refuseNames(items);
  return { span: { start, end: cursor.position }, keys, withinMs, items };
}

/** What follows `JOIN BY`. */
export function takeJoin(cursor: Cursor, start: number): Omit<JoinSyntax, 'having'> {
  const keys = takeKeys(cursor);
  const between = takeBetween(cursor, start);
  const sides = [takeSide(cursor), takeSide(cursor)] as const;
  if (sides[0].name === sides[1].name)
    throw new ClauseProblem('E104', `both sides are called ${sides[0].name}`, sides[1].span);
  const keep: JoinSyntax['keep'][number][] = [];
  for (;;) {
    cursor.skipSpace();
    const at = cursor.position;
    if (!cursor.takeKeywords('KEEP')) break;
    const only = cursor.takeKeywords('ONLY');
    cursor.expectKeywords('UNMATCHED');
    const side = takeName(cursor);
    const span = { start: at, end: cursor.position };
    if (!sides.some(({ name }) => name === side))
      throw new ClauseProblem('E103', `no side is called ${side}`, span, sides[0].name);
    keep.push({ side, only, span });
  }
  return { span: { start, end: cursor.position }, keys, between, sides, keep };
}

function takeBetween(cursor: Cursor, start: number): JoinBetween {
  if (cursor.takeKeywords('WITHIN')) return { kind: 'within', withinMs: takeSpan(cursor) };
  if (!cursor.takeKeywords('BETWEEN'))
    throw new ClauseProblem(
      'E111',
      'a join needs WITHIN or BETWEEN: how far may its events be apart?',
      { start, end: cursor.position },
      'WITHIN 20:min',
    );
  const lowMs = takeSigned(cursor);
  cursor.expectKeywords('AND');
  const highMs = takeSigned(cursor);
  if (lowMs > highMs)
    throw new ClauseProblem(
      'E103',
      'BETWEEN names the lesser distance first',
      { start, end: cursor.position },
      'BETWEEN -5:sec AND 20:min',
    );
  return { kind: 'between', lowMs, highMs };
}

const takeSigned = (cursor: Cursor): number =>
  cursor.takeSign('-') ? -takeSpan(cursor, 0) : takeSpan(cursor, 0);

function takeSide(cursor: Cursor): SideSyntax {
  cursor.skipSpace();
  const start = cursor.position;
  cursor.expectKeywords('SIDE');
  const name = takeName(cursor);
  const choice = takeChoice(cursor);
  return { span: { start, end: cursor.position }, name, ...choice };
}

const DEPTH_MAX = 8;

function takeItems(cursor: Cursor, depth: number): SequenceItem[] {
  const items: SequenceItem[] = [];
  for (;;) {
    cursor.skipSpace();
    const start = cursor.position;
    if (cursor.takeKeywords('STEP')) items.push(takeStep(cursor, start, depth));
    else if (cursor.takeKeywords('ABSENT')) items.push(takeAbsent(cursor, start));
    else break;
  }
  if (items.length === 0) cursor.fail('expected STEP', 'STEP first FILTER event.code == 4625');
  return items;
}

function takeStep(cursor: Cursor, start: number, depth: number): StepSyntax | GroupSyntax {
  const name = takeName(cursor);
  if (cursor.takeSign('(')) {
    if (depth >= DEPTH_MAX) cursor.fail(`groups are nested at most ${DEPTH_MAX} deep`);
    const items = takeItems(cursor, depth + 1);
    cursor.expectSign(')');
    const loop = takeLoop(cursor);
    const isOptional = cursor.takeKeywords('OPTIONAL');
    const span = { start, end: cursor.position };
    return withZero({ kind: 'group', span, name, items, loop, isOptional });
  }
  const contiguity = takeContiguity(cursor);
  const { keys, sources, filter } = takeChoice(cursor);
  const loop = takeLoop(cursor);
  const isOptional = cursor.takeKeywords('OPTIONAL');
  const withinMs = cursor.takeKeywords('WITHIN') ? takeSpan(cursor) : null;
  const span = { start, end: cursor.position };
  const step: StepSyntax = {
    kind: 'step',
    span,
    name,
    contiguity,
    keys,
    sources,
    filter,
    loop,
    isOptional,
    withinMs,
  };
  return withZero(step);
}

/** `TIMES 0 TO n` is `TIMES 1 TO n OPTIONAL`. */
function withZero<Item extends StepSyntax | GroupSyntax>(item: Item): Item {
  if (item.loop?.least !== 0) return item;
  return { ...item, loop: { ...item.loop, least: 1 }, isOptional: true };
}

function takeAbsent(cursor: Cursor, start: number): AbsentSyntax {
  const name = takeName(cursor);
  const isNext = cursor.takeKeywords('NEXT');
  const choice = takeChoice(cursor);
  const withinMs = cursor.takeKeywords('WITHIN') ? takeSpan(cursor) : null;
  return {
    kind: 'absent',
    span: { start, end: cursor.position },
    name,
    isNext,
    ...choice,
    withinMs,
  };
}

interface Choice {
  readonly keys: readonly KeySyntax[] | null;
  readonly sources: readonly SourceSyntax[];
  readonly filter: Code | null;
}

function takeChoice(cursor: Cursor): Choice {
  const keys = cursor.takeKeywords('BY') ? takeKeys(cursor) : null;
  const sources = cursor.takeKeywords('SOURCES') ? takeSources(cursor) : [];
  const filter = cursor.takeKeywords('FILTER') ? takeCode(cursor, 'event') : null;
  return { keys, sources, filter };
}

const takeContiguity = (cursor: Cursor): Contiguity =>
  cursor.takeKeywords('NEXT') ? 'next' : cursor.takeKeywords('ANY') ? 'any' : 'relaxed';

const TIMES_MAX = 100_000;

function takeLoop(cursor: Cursor): LoopSyntax | null {
  if (!cursor.takeKeywords('TIMES')) return null;
  cursor.skipSpace();
  const start = cursor.position;
  const least = cursor.takeInteger('how many times');
  let most: number | null = least;
  if (cursor.takeKeywords('TO')) most = cursor.takeInteger('how many times at most');
  else if (cursor.takeKeywords('OR', 'MORE')) most = null;
  if ((most ?? least) < Math.max(least, 1) || least > TIMES_MAX || (most ?? 0) > TIMES_MAX)
    throw new ClauseProblem(
      'E103',
      `these are no numbers of times: from 1 to ${TIMES_MAX}, the lesser one first`,
      { start, end: cursor.position },
      'TIMES 2 TO 4',
    );
  const isGreedy = cursor.takeKeywords('GREEDY');
  const inner: Contiguity = cursor.takeKeywords('CONSECUTIVE')
    ? 'next'
    : cursor.takeKeywords('COMBINATIONS')
      ? 'any'
      : 'relaxed';
  const until = cursor.takeKeywords('UNTIL') ? takeCode(cursor, 'event') : null;
  return { least, most, isGreedy, inner, until };
}

function takeSkip(cursor: Cursor): SkipSyntax {
  if (!cursor.takeKeywords('SKIP') || cursor.takeKeywords('PAST', 'LAST'))
    return { kind: 'past-last' };
  if (cursor.takeKeywords('NONE')) return { kind: 'none' };
  if (cursor.takeKeywords('TO', 'NEXT')) return { kind: 'to-next' };
  if (cursor.takeKeywords('TO', 'FIRST')) return { kind: 'to-first', step: takeName(cursor) };
  if (cursor.takeKeywords('TO', 'LAST')) return { kind: 'to-last', step: takeName(cursor) };
  return cursor.fail('expected PAST LAST, TO NEXT, TO FIRST, TO LAST or NONE');
}

function takeName(cursor: Cursor): string {
  const name = cursor.takeWord();
  if (name === '') cursor.fail('expected the name of a step');
  return name;
}

function refuseNames(items: readonly SequenceItem[], seen = new Set<string>()): void {
  for (const item of items) {
    if (seen.has(item.name))
      throw new ClauseProblem('E104', `there are two steps called ${item.name}`, item.span);
    seen.add(item.name);
    if (item.kind === 'group') refuseNames(item.items, seen);
  }
}
