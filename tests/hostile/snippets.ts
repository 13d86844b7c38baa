// Hostile pieces of rule code, our own and published ones, as data (tests/cases/hostile/README.md says what the fields mean).
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseYaml } from 'yaml';
import type { Json } from '../../packages/core/src/plan/json.ts';

export type Clause = 'FILTER' | 'HAVING' | 'SINK' | 'AGGREGATE BY' | 'EXCEPT';

export interface Snippet {
  /** File and name. */
  readonly id: string;
  readonly kind: string;
  readonly clause: Clause;
  readonly code: string;
  /** Fields that its events have besides the usual ones. */
  readonly fields: { readonly [name: string]: Json };
  /** It costs much, but may end by itself. */
  readonly isFinite?: boolean;
  /** Where it was published; undefined: our own. */
  readonly source?: string;
  readonly url?: string;
  readonly adapted?: string;
}

interface Written extends Omit<Snippet, 'id' | 'fields'> {
  readonly name: string;
  readonly event?: { readonly [name: string]: Json };
}

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'cases', 'hostile');

/** All snippets of one of the folders, in the order of files and of the text. */
export function readSnippets(of: 'own' | 'published'): Snippet[] {
  return globSync(join(folder, of, '*.yaml'))
    .sort()
    .flatMap((file) =>
      (parseYaml(readFileSync(file, 'utf8')) as Written[]).map(({ name, event, ...rest }) => ({
        ...rest,
        id: `${of}/${basename(file, '.yaml')}: ${name}`,
        fields: Object.fromEntries(
          Object.entries(event ?? {}).map(([field, value]) => [field, grown(value)]),
        ),
      })),
    );
}

/** `{ $repeat: text, times: n }`, perhaps with `before`, `then` and `after`, is one long text. */
function grown(value: Json | undefined): Json {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '$repeat'))
    return value ?? '';
  const { $repeat, times, before, then, after } = value as { readonly [name: string]: Json };
  const parts = [before, String($repeat).repeat(Number(times)), then, after];
  return parts.map((part) => (part === undefined ? '' : String(grown(part)))).join('');
}

/** A rule around a snippet; it sees only events whose field `kind` is its own name. */
export function ruleOf({ clause, code }: Snippet, name: string): string {
  const head = `RULE '${name}' SOURCES kind = '${name}'`;
  switch (clause) {
    case 'FILTER':
      return `${head} FILTER ${code}`;
    case 'EXCEPT':
      return `${head} FILTER true EXCEPT ${code} REASON 'known good'`;
    case 'SINK':
      return `${head} FILTER true SINK ${code}`;
    case 'HAVING':
      return `${head} AGGREGATE BY user WITHIN 10:sec HAVING ${code}`;
    case 'AGGREGATE BY':
      return `${head} AGGREGATE BY who = ${code} WITHIN 10:sec HAVING count() >= 1`;
  }
}
