// The logins of `logins.ts` at a rate that a cluster has to bear for as long as it is disturbed, with rules that find some
// results a second whatever the rate does to windows, cheap enough for two cores.
import type { LoginStream } from './logins.ts';

export const TOPIC = 'logins';
export const PARTITIONS = 4;

/** Ticks tell of silence. Traffic that a dead broker holds up is none, so a source is idle only after long. */
export const CONFIG = `sources:
  ${TOPIC}:
    format: json
    time: t
    bound: 2s
    idleAfter: 1h
`;

/** `threshold`: of failures of a user; a change of it keeps what the rule has seen. */
export const rulesText = (threshold: number): string => `
RULE "many failures"
  SOURCES outcome = 'failure'
  AGGREGATE BY user WITHIN 20:s SLIDING HAVING count() >= ${threshold}
RULE "busy host"
  FILTER event.kind == 'open'
  AGGREGATE BY host WITHIN 10:s HAVING avg(bytes) > 630 && count() > 20
RULE "failures, then a success"
  FILTER event.kind == 'close'
  SEQUENCE BY user WITHIN 20:s
    STEP fail FILTER event.outcome == 'failure' TIMES 4 OR MORE UNTIL event.outcome == 'success'
    STEP entered FILTER event.outcome == 'success'
RULE "no way out"
  SEQUENCE BY session WITHIN 10:s
    STEP opened FILTER event.kind == 'open' && event.bytes < 2
    ABSENT closed FILTER event.kind == 'close'
RULE "root from afar"
  FILTER event.user == 'root' && event.source.startsWith('10.9.')
  ALERT BY host FOR 1:min
RULE "failures from one place"
  SOURCES $rule = ['many failures']
  AGGREGATE BY all = 'all' WITHIN 1:min HAVING count() >= 2
`;

/** One user a second and event, on the average, at whatever rate. */
export const manyLogins = (
  seed: number,
  eventsPerSecond: number,
  startAt: number,
): Omit<LoginStream, 'events'> => ({
  seed,
  partitions: PARTITIONS,
  startAt,
  eventsPerSecond,
  users: eventsPerSecond,
});
