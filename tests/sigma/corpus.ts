import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const folder = new URL('../cases/sigma/', import.meta.url);

export interface RuleFile {
  readonly name: string;
  readonly text: string;
}

/** JSON lines of the cases, packed or not. */
export function caseLines(name: string): unknown[] {
  const bytes = readFileSync(new URL(name, folder));
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

export function ruleFiles(name: string): RuleFile[] {
  return (caseLines(name) as { path: string; text: string }[]).map(({ path, text }) => ({
    name: path,
    text,
  }));
}

/** Rules that need a list, by path, with the lists' names. */
export const placeholders = (
  JSON.parse(readFileSync(new URL('placeholders.json', folder), 'utf8')) as {
    rules: Readonly<Record<string, readonly string[]>>;
  }
).rules;
