import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import type { Span } from '../../plan/diagnostic.ts';
import { SigmaProblem } from './sigma-problem.ts';

/** One document of a YAML file; reading it throws SigmaProblem, with the place. */
export interface YamlDocument {
  readonly root: Node | null;
  readonly span: Span;
  /** What is wrong with the YAML itself. */
  readonly problems: readonly SigmaProblem[];
  /** The whole document as plain values. */
  readonly plain: () => unknown;
}

/** Largest file in characters; the largest rule that is known has 200,000. */
const FILE_MAX = 4_000_000;

/** The documents of a file. Never throws: a document that cannot be read says so. */
export function readYaml(text: string): YamlDocument[] {
  if (text.length > FILE_MAX) return [unreadable(`the file has more than ${FILE_MAX} characters`)];
  if (!text.isWellFormed()) return [unreadable('the file holds halves of characters')];
  return piecesOf(text).map(({ piece, offset }) => {
    const document = parseDocument(piece, {
      version: '1.2',
      schema: 'core',
      merge: false,
      prettyErrors: false,
      // Nothing is written to the console from here.
      logLevel: 'error',
    });
    if (offset > 0) shift(document, offset);
    return {
      root: document.contents,
      span: spanOf(document.contents),
      problems: document.errors.slice(0, 10).map(
        ({ message, pos }) =>
          new SigmaProblem('E601', `this is not YAML: ${message.split('\n')[0]!}`, {
            start: offset + pos[0],
            end: offset + Math.max(pos[1], pos[0] + 1),
          }),
      ),
      plain: () => document.toJS({ maxAliasCount: 100 }) as unknown,
    };
  });
}

function unreadable(message: string): YamlDocument {
  const span = { start: 0, end: 1 };
  const problems = [new SigmaProblem('E601', message, span)];
  return { root: null, span, problems, plain: () => null };
}

/** Documents are told apart before they are read, so that one with an open bracket does not swallow the next. */
function piecesOf(text: string): { piece: string; offset: number }[] {
  const pieces: { piece: string; offset: number }[] = [];
  let offset = 0;
  for (const mark of text.matchAll(/^---(?=[ \t\r\n]|$).*$/gm)) {
    pieces.push({ piece: text.slice(offset, mark.index), offset });
    offset = mark.index + mark[0].length;
  }
  pieces.push({ piece: text.slice(offset), offset });
  return pieces.filter(({ piece }) => !/^(?:\s*(?:#.*|%.*|\.\.\.)?(?:\r?\n|$))*$/.test(piece));
}

/** Makes places in a piece places in the file. */
function shift(document: Document, offset: number): void {
  visit(document, {
    Node: (_key, node) => {
      if (node.range) node.range = node.range.map((at) => at + offset) as [number, number, number];
    },
  });
}

export function spanOf(node: unknown): Span {
  const [start = 0, end = start + 1] = (node as { range?: number[] | null } | null)?.range ?? [];
  return { start, end: Math.max(end, start + 1) };
}

/** The node at a JSON pointer, or the nearest above it. */
export function nodeAt(root: Node | null, pointer: string): Node | null {
  let node = root;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replace(/~1/g, '/').replace(/~0/g, '~');
    let next: unknown;
    if (isMap(node))
      next = (node as YAMLMap).items.find(
        ({ key }) => isScalar(key) && String(key.value) === name,
      )?.value;
    else if (isSeq(node)) next = node.items[Number(name)];
    if (next === undefined || next === null) return node;
    node = next as Node;
  }
  return node;
}

export interface Entry {
  readonly name: string;
  readonly key: Node;
  readonly value: Node | null;
}

/** The entries of a map in order. */
export function entriesOf(node: Node | null | undefined, what: string): Entry[] {
  if (!isMap(node)) return fail(node, `${what} must hold entries, "name: value"`);
  return (node.items as Pair<Node, Node | null>[]).map(({ key, value }) => {
    if (!isScalar(key)) return fail(key, 'a name must be text');
    return { name: String(key.value), key, value };
  });
}

export function entry(node: Node | null | undefined, name: string): Node | null | undefined {
  if (!isMap(node)) return undefined;
  const pair = (node.items as Pair<Node, Node | null>[]).find(
    ({ key }) => isScalar(key) && key.value === name,
  );
  return pair === undefined ? undefined : pair.value;
}

export function fail(node: unknown, message: string, correction?: string): never {
  if (isAlias(node)) throw new SigmaProblem('E602', 'aliases are not taken here', spanOf(node));
  throw new SigmaProblem('E602', message, spanOf(node), correction);
}

/** Text; numbers and booleans as they are written. */
export function textAt(node: Node | null | undefined, what: string): string {
  if (!isScalar(node) || node.value === null) return fail(node, `${what} must be text`);
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

/** One text, or a list of them. */
export function textsAt(node: Node | null | undefined, what: string): string[] {
  if (node === undefined || node === null || (isScalar(node) && node.value === null)) return [];
  return isSeq(node)
    ? (node.items as Node[]).map((one) => textAt(one, what))
    : [textAt(node, what)];
}
