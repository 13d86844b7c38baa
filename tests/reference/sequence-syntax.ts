import type { SequenceItem, SequenceSyntax } from '../../packages/core/src/language/epl/syntax.ts';
import type { Part } from './parts.ts';
import type { Ask, ReferenceItem, ReferenceSequence } from './sequences.ts';

/** A sequence as it is written, made ready for the reference. `asks` makes a condition of a part. */
export function sequenceFrom<Event>(
  { items, withinMs, cancel }: SequenceSyntax,
  asks: (part: Part) => Ask<Event>,
): ReferenceSequence<Event> {
  const none = { keys: null, sources: [] };
  return {
    items: items.map((item) => itemFrom(item, asks)),
    withinMs,
    cancel: cancel && asks({ ...none, name: 'CANCEL', filter: cancel }),
  };
}

function itemFrom<Event>(
  item: SequenceItem,
  asks: (part: Part) => Ask<Event>,
): ReferenceItem<Event> {
  if (item.kind === 'absent')
    return { kind: 'absent', isNext: item.isNext, test: asks(item), withinMs: item.withinMs };
  const { loop, isOptional } = item;
  const keys = item.kind === 'step' ? item.keys : null;
  const repeats = {
    least: loop?.least ?? 1,
    most: loop === null ? 1 : (loop.most ?? Infinity),
    inner: loop?.inner ?? 'relaxed',
    isGreedy: loop?.isGreedy ?? false,
    until: loop?.until ? asks({ name: 'UNTIL', keys, sources: [], filter: loop.until }) : null,
    isOptional,
  } as const;
  if (item.kind === 'group')
    return { kind: 'group', items: item.items.map((one) => itemFrom(one, asks)), ...repeats };
  const { name, contiguity, withinMs } = item;
  return { kind: 'step', name, contiguity, test: asks(item), withinMs, ...repeats };
}
