import { fileBytes, findFiles, StreamReader } from '@weir/connectors';
import type { BatchFrame } from '@weir/core';
import { readsResultsOf } from '@weir/core/plan/reading.ts';
import type { CompiledRule } from '@weir/core/language/compile.ts';
import { relative } from 'node:path';
import { EXIT, Failure } from '../failure.ts';
import { changesOf, sourceOf, type Loaded } from '../load.ts';
import { shown } from '../paint.ts';
import { whyNot } from './why-not.ts';

export interface WhyOptions {
  readonly events: readonly string[];
  readonly key?: readonly string[];
  readonly rule?: string;
  readonly source?: string;
  readonly json?: boolean;
}

/** `weir explain RULE --events FILES [--key NAME=VALUE]`: why did it not fire? */
export async function explainEvents(loaded: Loaded, options: WhyOptions): Promise<number> {
  const rule = chosen(loaded, options.rule);
  const { partitions, batches } = await recorded(loaded, options);
  const key = new Map((options.key ?? []).map((text) => keyOf(text)));
  const { fired, lines } = whyNot({
    rule: rule.syntax,
    others: below(rule, loaded.compiled.rules).map(({ plan }) => plan),
    changes: changesOf(loaded).filter(({ kind }) => kind !== 'rules'),
    recording: { partitions, batches },
    key,
  });
  if (options.json) console.log(JSON.stringify({ rule: rule.plan.id, fired, lines }));
  else for (const line of lines) console.log(shown(line));
  return EXIT.ok;
}

function chosen({ compiled }: Loaded, name: string | undefined): CompiledRule {
  const rules = compiled.rules.filter(
    ({ plan }) => name === undefined || plan.id === name || plan.name === name,
  );
  if (rules.length === 1) return rules[0]!;
  const names = compiled.rules.map(({ plan }) => plan.id).slice(0, 20);
  throw new Failure(
    name === undefined
      ? `which of these rules? --rule ${names.join(', ')}`
      : `no rule is called ${name}: ${names.join(', ')}`,
  );
}

/** The rules whose results it reads, and those that they read. */
function below(rule: CompiledRule, rules: readonly CompiledRule[]): CompiledRule[] {
  const found = new Set<CompiledRule>();
  const open = [rule];
  for (let one = open.pop(); one !== undefined; one = open.pop())
    for (const other of rules)
      if (other !== rule && !found.has(other) && readsResultsOf(one.plan, other.plan)) {
        found.add(other);
        open.push(other);
      }
  return [...found];
}

function keyOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new Failure(`a key is written NAME=VALUE, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

async function recorded(
  loaded: Loaded,
  { events, source }: WhyOptions,
): Promise<{ partitions: BatchFrame[]; batches: BatchFrame[] }> {
  const batches: BatchFrame[] = [];
  for (const path of findFiles([...events])) {
    const name = {
      source: sourceOf(path, loaded, source).name,
      partition: (path.startsWith('/') ? path : relative('.', path)).split('\\').join('/'),
    };
    const reader = new StreamReader({ name, pieces: fileBytes(path), path, now: null });
    for (let batch = await reader.next(); batch !== null; batch = await reader.next())
      batches.push(batch.frame);
  }
  const partitions = [
    ...new Map(batches.map((one) => [`${one.source} ${one.partition}`, one])).values(),
  ];
  return { partitions, batches };
}
