export type { Refill } from './lane.ts';
export * from './lanes.ts';
export * from './realm.ts';
export * from './supervisor.ts';
