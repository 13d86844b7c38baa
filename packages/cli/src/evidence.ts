import { StreamReader, fileBytes } from '@weir/connectors';
import { parseJsonText } from '@weir/core/functions/parse-json-text.ts';
import type { Json, PartitionName } from '@weir/core';

/** Which record of which file: what a result names. */
export interface RecordPlace {
  readonly path: string;
  readonly name: PartitionName;
  readonly number: number;
}

/** Reads records again out of the files that they came from, going through each file once and no further than needed. */
export async function readRecords(
  places: readonly RecordPlace[],
  firstNumber = 1,
): Promise<Map<string, { readonly [name: string]: Json }>> {
  const byPath = new Map<string, RecordPlace[]>();
  for (const place of places) byPath.set(place.path, [...(byPath.get(place.path) ?? []), place]);
  const found = new Map<string, { readonly [name: string]: Json }>();
  for (const [path, wanted] of byPath) await readFrom(path, wanted, found, firstNumber);
  return found;
}

export const placeText = ({ path, number }: Pick<RecordPlace, 'path' | 'number'>): string =>
  `${path}#${number}`;

async function readFrom(
  path: string,
  wanted: readonly RecordPlace[],
  found: Map<string, { readonly [name: string]: Json }>,
  firstNumber: number,
): Promise<void> {
  const numbers = new Set(wanted.map(({ number }) => number));
  const last = Math.max(...numbers);
  const reader = new StreamReader({
    name: wanted[0]!.name,
    pieces: fileBytes(path),
    path,
    now: null,
    firstNumber,
  });
  for (let isDone = false; !isDone;) {
    const batch = await reader.next().catch(() => null);
    if (batch === null) break;
    const { numbers: ordinals, starts, lengths, bytes } = batch.frame;
    for (let i = 0; i < ordinals.length; i++) {
      if (!numbers.has(ordinals[i]!)) continue;
      const text = new TextDecoder().decode(bytes.subarray(starts[i]!, starts[i]! + lengths[i]!));
      const value = parseJsonText(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        found.set(
          placeText({ path, number: ordinals[i]! }),
          value as { readonly [name: string]: Json },
        );
    }
    isDone = (ordinals.at(-1) ?? 0) >= last;
  }
  await reader.close();
}
