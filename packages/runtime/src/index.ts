export * from './realm.ts';
export * from './supervisor.ts';
