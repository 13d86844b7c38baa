export * from './byte-source.ts';
export * from './find-files.ts';
export * from './follow.ts';
export * from './side-by-side.ts';
export * from './stream-reader.ts';
