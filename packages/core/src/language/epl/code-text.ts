import { Parser, tokTypes, type Expression, type Node } from 'acorn';
import type { Code } from './syntax.ts';
import { ClauseProblem, type Cursor } from './cursor.ts';
import { visit } from './visit.ts';

/** The parts of acorn's parser that its types leave out. */
interface Inside {
  nextToken(): void;
  parseMaybeAssign(): Expression;
  lastTokEnd: number;
  type: unknown;
  startNode(): Node;
  next(): void;
  finishNode(node: Node, type: string): Expression;
  parseExprAtom(...rest: unknown[]): Expression;
}

// `COUNT(*)`: a star where a value should stand is read as a name that no program can have.
const WithStar = Parser.extend((Base) => {
  const Class = class extends (Base as unknown as new (...args: unknown[]) => Inside) {
    override parseExprAtom(...rest: unknown[]): Expression {
      if (this.type !== tokTypes.star) return super.parseExprAtom(...rest);
      const node = Object.assign(this.startNode(), { name: '*' });
      this.next();
      return this.finishNode(node, 'Identifier');
    }
  };
  return Class as unknown as typeof Parser;
}) as unknown as new (options: object, text: string, position: number) => Inside;

/**
 * Reads one expression: it ends before the first word that follows a complete operand, since no clause begins with a
 * sign or a bracket. acorn reads the file's own text, so offsets are those of the file.
 */
export function takeCode(cursor: Cursor, names: Exclude<Code['names'], 'function'>): Code {
  cursor.skipSpace();
  const start = cursor.position;
  if (cursor.done) cursor.fail('expected JavaScript');
  const tree = parseAt(cursor, start);
  refuseOtherLanguages(cursor, tree);
  if (names === 'aggregates') readCountOfAll(tree);
  const isFunction = tree.type === 'FunctionExpression' || tree.type === 'ArrowFunctionExpression';
  return { span: { start, end: cursor.position }, names: isFunction ? 'function' : names, tree };
}

function parseAt(cursor: Cursor, start: number): Expression {
  const text = cursor.end === cursor.text.length ? cursor.text : cursor.text.slice(0, cursor.end);
  const parser = new WithStar(
    { ecmaVersion: 2024, sourceType: 'script', allowReserved: true },
    text,
    start,
  );
  try {
    parser.nextToken();
    const tree = parser.parseMaybeAssign();
    cursor.position = parser.lastTokEnd;
    return tree;
  } catch (error) {
    if (!(error instanceof SyntaxError))
      throw new ClauseProblem('E108', 'the JavaScript is nested too deeply', {
        start,
        end: start + 1,
      });
    const { pos } = error as SyntaxError & { pos?: number };
    const at = Math.min(pos ?? start, cursor.end);
    const message = error.message.replace(/\s*\(\d+:\d+\)$/, '').toLowerCase();
    throw new ClauseProblem('E108', `this is not JavaScript: ${message}`, {
      start: at,
      end: Math.min(at + 1, cursor.end),
    });
  }
}

const WORD_OPERATORS: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!' };

/** `and`, `or`, `not`, `=` are other languages' operators. */
function refuseOtherLanguages(cursor: Cursor, tree: Expression): void {
  if (tree.type === 'AssignmentExpression' && tree.operator === '=')
    throw new ClauseProblem(
      'E109',
      '`=` sets a value; this clause asks for one',
      { start: tree.left.end, end: tree.right.start },
      'write == to compare',
    );
  if (tree.type === 'Identifier' && tree.name.toLowerCase() === 'not')
    throw new ClauseProblem(
      'E109',
      `\`${tree.name}\` is not an operator of JavaScript`,
      tree,
      `write ! instead of ${tree.name}`,
    );
  const word = cursor.peekWord();
  const operator = WORD_OPERATORS[word.toLowerCase()];
  if (operator === undefined) return;
  const span = { start: cursor.position, end: cursor.position + word.length };
  throw new ClauseProblem(
    'E109',
    `\`${word}\` is not an operator of JavaScript`,
    span,
    `write ${operator} instead of ${word}`,
  );
}

function readCountOfAll(tree: Expression): void {
  visit(tree, (node) => {
    if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return;
    const [argument] = node.arguments;
    const isStar = argument?.type === 'Identifier' && argument.name === '*';
    if (isStar && node.arguments.length === 1 && /^count$/i.test(node.callee.name))
      node.arguments = [];
  });
}
