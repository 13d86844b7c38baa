import { takeCode } from './code-text.ts';
import { ClauseProblem, type Cursor } from './cursor.ts';
import { takeFieldName, takeStrings } from './names.ts';
import type { KeySyntax, SourceSyntax } from './syntax.ts';

/** What follows BY; null: `*`. */
export function takeKeys(cursor: Cursor): KeySyntax[] | null {
  if (cursor.takeSign('*')) return null;
  const keys: KeySyntax[] = [];
  do keys.push(takeKey(cursor));
  while (cursor.takeSign(','));
  return keys;
}

/** `[ "EACH" ] Name | Ident "=" Code`, `=` not followed by `=` or `>`. */
function takeKey(cursor: Cursor): KeySyntax {
  cursor.skipSpace();
  const start = cursor.position;
  const each = takeEach(cursor);
  const field = takeFieldName(cursor);
  cursor.skipSpace();
  const assigned = /^=(?![=>])/.test(cursor.text.slice(cursor.position, cursor.position + 2));
  if (!assigned)
    return {
      span: { start, end: cursor.position },
      name: field.path.join('.'),
      value: { kind: 'field', field },
      each,
    };
  cursor.expectSign('=');
  if (field.path.length > 1)
    throw new ClauseProblem(
      'E103',
      'the name of a key is one word',
      field.span,
      field.path.join('_'),
    );
  const code = takeCode(cursor, 'event');
  return {
    span: { start, end: cursor.position },
    name: field.path[0]!,
    value: { kind: 'code', code },
    each,
  };
}

/** EACH is a word of its own only if a name follows; `WITHIN` is one only if no span follows it. */
function takeEach(cursor: Cursor): boolean {
  const before = cursor.position;
  if (!cursor.takeKeywords('EACH')) return false;
  const after = cursor.position;
  const isClause =
    cursor.takeKeywords('WITHIN') &&
    (cursor.peekWord().toUpperCase() === 'SESSION' || cursor.peekDigit());
  cursor.position = after;
  const followsName = cursor.peekWord() !== '' || cursor.peekSign('`') || cursor.peekSign('[');
  if (followsName && !isClause) return true;
  cursor.position = before;
  return false;
}

/** What follows SOURCES. */
export function takeSources(cursor: Cursor): SourceSyntax[] {
  const sources: SourceSyntax[] = [];
  do {
    cursor.skipSpace();
    const start = cursor.position;
    const field = takeFieldName(cursor);
    if (cursor.takeSign('=='))
      throw new ClauseProblem(
        'E103',
        'SOURCES compares with a single =',
        { start, end: cursor.position },
        `${field.path.join('.')} = …`,
      );
    cursor.expectSign('=');
    const values = takeStrings(cursor, 'a value');
    sources.push({ span: { start, end: cursor.position }, field, values });
  } while (cursor.takeKeywords('AND'));
  return sources;
}
