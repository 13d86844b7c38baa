export * from './lanes.ts';
export * from './realm.ts';
export * from './supervisor.ts';
