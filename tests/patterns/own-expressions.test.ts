// Weir's own regular expressions read text of events too: those of the core that V8 runs are proved, or say why they do no harm.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { test } from 'node:test';
import { parse, type Token } from 'acorn';
import { backtrackingStepsOf } from '../../packages/core/src/patterns/harmless.ts';
import { makeNfa } from '../../packages/core/src/patterns/nfa.ts';
import { parsePattern } from '../../packages/core/src/patterns/parse-pattern.ts';

const HARMLESS: Readonly<Record<string, string>> = {
  [String.raw`^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$`]: 'asked of 400 characters at most',
  [String.raw`^(\s*)(.*?)(\s*)$`]: 'reads time patterns of the configuration',
  [String.raw`'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']`]:
    'reads time patterns of the configuration',
  [String.raw`\s+`]: 'replaces all: what was read is not read again',
  [String.raw`[^\x21-\x7e]+`]: 'replaces all: what was read is not read again',
  [String.raw`(?:%[0-9a-fA-F]{2})+`]: 'replaces all: what was read is not read again',
  [String.raw`^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/(?:([^/?#@\s]*)@)?(\[[^\]]*\]|[^/?#:\s]*)(?::(\d*))?(\/[^?#\s]*)?(\?[^#\s]*)?(?:#\S*)?$`]:
    'a few ways at most: with a user or without, in brackets or not (normalise-indicator.test.ts)',
};

function expressionsOf(file: string): { pattern: string; flags: string }[] {
  const found: { pattern: string; flags: string }[] = [];
  const onToken = (token: Token): void => {
    if (token.type.label !== 'regexp') return;
    found.push((token as unknown as { value: { pattern: string; flags: string } }).value);
  };
  const source = stripTypeScriptTypes(readFileSync(file, 'utf8'));
  parse(source, { ecmaVersion: 'latest', sourceType: 'module', onToken });
  return found;
}

/** Flags that change what is searched for are kept. */
function isProved({ pattern, flags }: { pattern: string; flags: string }): boolean {
  const parsed = parsePattern(pattern, flags.replace(/[dguvy]/g, ''));
  return 'tree' in parsed && backtrackingStepsOf(parsed.tree, makeNfa(parsed.tree)!) !== null;
}

test('expressions of the core that events reach take V8 time linear in the text', () => {
  const folder = 'packages/core/src/{functions,formats,engine,plan,state}/**/*.ts';
  const root = new URL('../../', import.meta.url).pathname;
  const all = globSync(folder, { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) => expressionsOf(root + file).map((one) => ({ file, ...one })));
  assert.ok(all.length > 30);
  assert.deepEqual(
    all.filter((one) => !(one.pattern in HARMLESS) && !isProved(one)),
    [],
  );
  const written = new Set(all.map(({ pattern }) => pattern));
  assert.deepEqual(
    Object.keys(HARMLESS).filter((pattern) => !written.has(pattern)),
    [],
  );
});
