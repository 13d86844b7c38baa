import type { AlertChange, ResultChange } from '@weir/core';
import type { Kafka } from './kafka.ts';
import { TopicReader } from './topic-reader.ts';

/** Changes that are printed as they are. */
export interface ChangeLines {
  readonly topic: string;
  readonly isWanted: (change: ResultChange | AlertChange) => boolean;
}

interface Options {
  readonly final?: boolean;
  readonly follow?: boolean;
}

/** Each change as a line, as `weir run --json` writes them; what was given again after a failure only once. */
export async function printLines(
  kafka: Kafka,
  outputs: readonly ChangeLines[],
  options: Options,
): Promise<void> {
  await Promise.all(outputs.map((output) => printTopic(kafka, output, options)));
}

async function printTopic(
  kafka: Kafka,
  { topic, isWanted }: ChangeLines,
  { final, follow }: Options,
): Promise<void> {
  // By id what was said of it since it was opened: what was withdrawn may be opened anew with the same words.
  const told = new Map<string, Set<string>>();
  const isNews = (change: ResultChange | AlertChange, line: string): boolean => {
    const id = 'result' in change ? change.result.id : change.alert.handle;
    const said = told.get(id) ?? new Set<string>();
    if (said.has(line)) return false;
    told.set(id, change.change === 'withdraw' ? new Set([line]) : said.add(line));
    return final !== true || change.change === 'final';
  };
  const reader = await TopicReader.open(kafka, topic);
  try {
    while (follow === true || !reader.isThrough)
      for (const { value } of await reader.next()) {
        if (value === null) continue;
        const line = value.toString();
        const change = JSON.parse(line) as ResultChange | AlertChange;
        if (isWanted(change) && isNews(change, line)) console.log(line);
      }
  } finally {
    await reader.close();
  }
}
