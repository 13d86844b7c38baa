import type { Span } from '../../plan/diagnostic.ts';
import type { Severity } from '../../plan/plan.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { ClauseProblem, type Cursor } from './cursor.ts';
import type { FieldName } from './syntax.ts';

/** `Ident { "." Ident } | "`" chars "`" | "[" String "]"`. A clause word may be a name. */
export function takeFieldName(cursor: Cursor): FieldName {
  cursor.skipSpace();
  const start = cursor.position;
  const path = takePath(cursor, start);
  return { span: { start, end: cursor.position }, path };
}

function takePath(cursor: Cursor, start: number): readonly string[] {
  if (cursor.takeSign('`')) {
    const close = cursor.text.indexOf('`', cursor.position);
    if (close < 0 || close >= cursor.end)
      throw new ClauseProblem(
        'E105',
        'this name is not closed',
        { start, end: cursor.end },
        'end it with `',
      );
    const name = cursor.text.slice(cursor.position, close);
    cursor.position = close + 1;
    return [name];
  }
  if (cursor.takeSign('[')) {
    const name = cursor.takeString('a field name');
    cursor.expectSign(']');
    return [name];
  }
  const path = [cursor.takeWord()];
  if (path[0] === '') cursor.fail('expected a field name');
  while (cursor.text[cursor.position] === '.' && cursor.position < cursor.end) {
    cursor.position++;
    const step = cursor.takeWord();
    if (step === '') cursor.fail('expected a field name after the dot');
    path.push(step);
  }
  return path;
}

/** `a, b` or `['a', 'b']`: strings in either form. */
export function takeStrings(cursor: Cursor, expected: string): string[] {
  const inBrackets = cursor.takeSign('[');
  const strings: string[] = [];
  do {
    if (inBrackets && strings.length > 0 && cursor.peekSign(']')) break;
    strings.push(cursor.takeString(expected));
  } while (cursor.takeSign(','));
  if (inBrackets) cursor.expectSign(']');
  return strings;
}

const SEVERITIES: readonly Severity[] = ['informational', 'low', 'medium', 'high', 'critical'];
const STATUSES = ['enabled', 'shadow', 'disabled'] as const;

export const takeSeverity = (cursor: Cursor): Severity =>
  takeOneOf(cursor, 'a severity', SEVERITIES);
export const takeStatus = (cursor: Cursor): (typeof STATUSES)[number] =>
  takeOneOf(cursor, 'a status', STATUSES);

function takeOneOf<Word extends string>(
  cursor: Cursor,
  expected: string,
  words: readonly Word[],
): Word {
  cursor.skipSpace();
  const start = cursor.position;
  const word = cursor.atString ? cursor.takeString(expected) : cursor.takeWord();
  const found = words.find((one) => one === word.toLowerCase());
  if (found !== undefined) return found;
  const guess = nearest(word.toLowerCase(), words);
  const span: Span = { start, end: Math.max(cursor.position, start + 1) };
  throw new ClauseProblem(
    'E113',
    `\`${word}\` is not ${expected}: ${words.join(', ')}`,
    span,
    guess,
  );
}
