import type {
  Code,
  SequenceItem,
  SequenceSyntax,
} from '../../packages/core/src/language/epl/syntax.ts';
import { callFunction, evaluateForEvent, isTrue } from './code.ts';
import type { SeenEvent } from './events.ts';
import type { Ask, ReferenceItem, ReferenceSequence } from './sequences.ts';

/** A sequence as it is written, made ready for the reference: conditions are code over an event and the match so far. */
export function sequenceFrom({
  items,
  withinMs,
  cancel,
}: SequenceSyntax): ReferenceSequence<SeenEvent> {
  return { items: items.map(itemFrom), withinMs, cancel: cancel && askOf(cancel) };
}

function askOf({ names, tree }: Code): Ask<SeenEvent> {
  if (names === 'function') return (event, match) => isTrue(callFunction({ tree }, [event, match]));
  return (event) => isTrue(evaluateForEvent(tree as never, event, false));
}

const always: Ask<SeenEvent> = () => true;

function itemFrom(item: SequenceItem): ReferenceItem<SeenEvent> {
  const test = item.kind === 'group' || item.filter === null ? always : askOf(item.filter);
  if (item.kind === 'absent')
    return { kind: 'absent', isNext: item.isNext, test, withinMs: item.withinMs };
  const { loop, isOptional } = item;
  const repeats = {
    least: loop?.least ?? 1,
    most: loop === null ? 1 : (loop.most ?? Infinity),
    inner: loop?.inner ?? 'relaxed',
    isGreedy: loop?.isGreedy ?? false,
    until: loop?.until ? askOf(loop.until) : null,
    isOptional,
  } as const;
  if (item.kind === 'group') return { kind: 'group', items: item.items.map(itemFrom), ...repeats };
  const { name, contiguity, withinMs } = item;
  return { kind: 'step', name, contiguity, test, withinMs, ...repeats };
}

/** Names of steps in the order of the rule. */
export function stepNames(items: readonly SequenceItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'group') return stepNames(item.items);
    return item.kind === 'step' ? [item.name] : [];
  });
}
