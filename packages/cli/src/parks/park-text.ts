import { isoTime } from '@weir/core/plan/civil.ts';
import type { Park } from '@weir/core';
import { count, shown } from '../paint.ts';

/** What broke, at which event, what follows and what can be done, in plain words; one thought a line. */
export function parkText(park: Park, name: string, parksFile: string | undefined): string[] {
  const { rule, reason, clause } = park;
  const called = name === rule ? shown(name) : `${shown(name)} (${shown(rule)})`;
  if (reason.limit === 'deferred')
    return [
      `deferred: ${called} takes too much of the processor (${shown(reason.message)})`,
      `  from ${placeText(park)} on it runs beside the others, at its own pace; nothing of it is lost`,
    ];
  if (reason.limit === 'level')
    return [`waits: ${called}, since ${shown(reason.message)}; it comes back with that rule`];
  const in_ = clause === null ? '' : ` in ${clause}`;
  return [
    `parked: ${called} broke a limit${in_}: ${shown(reason.message)}`,
    `  at ${placeText(park)}`,
    '  from this event on the rule sees nothing; the other rules go on, and have lost nothing',
    parksFile === undefined
      ? `  mend the rule, or raise its limit (${reason.limit}) in weir.yaml, and run again; --parks FILE keeps note of it`
      : `  mend the rule, or raise its limit (${reason.limit}) in weir.yaml and say: weir release '${shown(rule)}' --parks ${parksFile}`,
  ];
}

/** The event at which it happened. */
export function placeText({ event, from }: Park): string {
  const place = event ?? from;
  if (place === null) return 'the next event';
  const when = event !== null && Number.isFinite(event.at) ? `, ${isoTime(event.at)}` : '';
  return `${shown(place.source)}, ${shown(place.partition)} record ${count(place.number)}${when}`;
}
