import { liesIn, parseAddress, parseNetwork } from '../../packages/core/src/functions/addresses.ts';
import { normalise } from '../../packages/core/src/functions/normalise-indicator.ts';
import type { IocSyntax } from '../../packages/core/src/language/epl/syntax.ts';
import type { Json } from '../../packages/core/src/plan/json.ts';
import type { IocHit } from '../../packages/core/src/plan/result.ts';
import type { ListKind } from '../../packages/core/src/plan/source-plan.ts';
import type { SeenEvent } from './events.ts';
import { keyTextOf } from './paths.ts';

/** A list as its rows, looked through from the first to the last. */
export interface ReferenceList {
  readonly name: string;
  readonly kind: ListKind;
  readonly rows: readonly { readonly value: string; readonly note: string }[];
}

/** Does the formula hold? All parts of an OR are asked, so that `hits` has every row that hit. */
export function inLists(
  iocs: IocSyntax,
  event: SeenEvent,
  lists: readonly ReferenceList[],
  hits: IocHit[],
): boolean {
  switch (iocs.kind) {
    case 'and':
      return iocs.of.every((part) => inLists(part, event, lists, hits));
    case 'or':
      return iocs.of.map((part) => inLists(part, event, lists, hits)).some(Boolean);
    case 'not':
      return !inLists(iocs.of, event, lists, []);
    case 'in': {
      const list = lists.find(({ name }) => name === iocs.list);
      const row = list === undefined ? undefined : rowOf(list, event.get(iocs.field.path));
      if (row === undefined) return false;
      hits.push({
        list: iocs.list,
        field: iocs.field.path.join('.'),
        value: row.value,
        note: row.note,
      });
      return true;
    }
  }
}

function rowOf(
  list: ReferenceList,
  value: Json | undefined,
): ReferenceList['rows'][number] | undefined {
  if (Array.isArray(value))
    return (value as Json[]).map((one) => rowOf(list, one)).find((row) => row !== undefined);
  const text = keyTextOf(value, []);
  if (text === null) return undefined;
  if (list.kind === 'cidr') return longestNetwork(list, text);
  const wanted = normalise(list.kind, text);
  if (wanted === null) return undefined;
  const find = (name: string): ReferenceList['rows'][number] | undefined =>
    list.rows.find((row) => normalise(list.kind as 'exact', row.value) === name);
  if (list.kind !== 'domain') return find(wanted);
  const labels = wanted.split('.');
  return labels.map((_, i) => find(labels.slice(i).join('.'))).find((row) => row !== undefined);
}

function longestNetwork(
  list: ReferenceList,
  text: string,
): ReferenceList['rows'][number] | undefined {
  const address = parseAddress(text);
  if (address === null) return undefined;
  const holding = list.rows.flatMap((row) => {
    const network = parseNetwork(row.value);
    return network !== null && liesIn(address, network) ? [{ row, bits: network.bits }] : [];
  });
  return holding.toSorted((a, b) => b.bits - a.bits)[0]?.row;
}
