import {
  fileBytes,
  findFiles,
  followedBytes,
  inputBytes,
  StreamReader,
  type Piece,
} from '@weir/connectors';
import type { BatchFrame, PartitionName, SourcePlan } from '@weir/core';
import { join, relative } from 'node:path';
import { Failure } from './failure.ts';
import { sourceOf, type Loaded } from './load.ts';

/** How the inputs of a run are named and read. */
export interface InputOptions {
  readonly source?: string;
  readonly follow?: boolean;
  /** Number of the first record of each stream; default: 1. Offsets of a topic begin with 0. */
  readonly numberFrom?: string;
}

/** One stream of a run. */
export interface Input {
  readonly reader: StreamReader;
  readonly source: SourcePlan;
  readonly path: string | null;
  /** The file that is followed. */
  readonly follows: string | null;
}

/** The streams of a run: files, what weir.yaml declares, or standard input. Throws Failure if there is nothing to read. */
export function inputsOf(
  files: readonly string[],
  options: InputOptions,
  loaded: Loaded,
  signal: AbortSignal,
): Input[] {
  const declared = loaded.sources.sources.flatMap(({ files: patterns }) =>
    patterns.map((pattern) => join(loaded.configFolder, pattern)),
  );
  const isPiped =
    files.length === 0
      ? !process.stdin.isTTY && declared.length === 0
      : files.length === 1 && files[0] === '-';
  if (isPiped) return [stdinInput(options, loaded)];
  let paths: string[];
  try {
    paths = findFiles(files.length > 0 ? files : declared);
  } catch (error) {
    throw new Failure((error as Error).message);
  }
  if (paths.length === 0)
    throw new Failure('there is nothing to read: name files, or write events to standard input');
  return paths.map((path) => fileInput(path, options, loaded, signal));
}

function stdinInput(options: InputOptions, loaded: Loaded): Input {
  const source = sourceOf('-', loaded, options.source);
  const name = { source: source.name, partition: '-' };
  return {
    reader: new StreamReader({
      name,
      pieces: inputBytes(process.stdin),
      path: null,
      now: () => Date.now(),
    }),
    source,
    path: null,
    follows: null,
  };
}

function fileInput(
  path: string,
  options: InputOptions,
  loaded: Loaded,
  signal: AbortSignal,
): Input {
  const source = sourceOf(path, loaded, options.source);
  const name = {
    source: source.name,
    partition: (path.startsWith('/') ? path : relative('.', path)).split('\\').join('/'),
  };
  const pieces = options.follow ? followedBytes(path, signal) : fileBytes(path);
  return {
    reader: new StreamReader({
      name,
      pieces,
      path: options.follow ? null : path,
      now: options.follow ? () => Date.now() : null,
      firstNumber: firstNumberOf(options),
    }),
    source,
    path: options.follow ? null : path,
    follows: options.follow ? path : null,
  };
}

export function firstNumberOf({ numberFrom = '1' }: InputOptions): number {
  if (!/^\d{1,15}$/.test(numberFrom))
    throw new Failure(`--number-from takes a whole number, not ${numberFrom}`);
  return Number(numberFrom);
}

/** How far a stream was read, in bytes and to which record. */
export interface ReadTo {
  readonly bytes: number;
  readonly number: number;
}

/** What was read of files that are followed, up to a place in each. */
export async function* recordedFrames(
  inputs: readonly Input[],
  readTo: ReadonlyMap<string, ReadTo>,
): AsyncGenerator<BatchFrame> {
  for (const { reader, follows } of inputs) {
    const to = readTo.get(nameText(reader.name));
    if (follows === null || to === undefined) continue;
    const again = new StreamReader({
      name: reader.name,
      pieces: limited(fileBytes(follows), to.bytes),
      path: null,
      now: null,
    });
    try {
      for (let batch = await again.next(); batch !== null; batch = await again.next())
        yield { ...upTo(batch.frame, to.number), refill: true };
    } finally {
      await again.close();
    }
  }
}

/** The records up to a number: what comes after them has not been read yet. */
function upTo(frame: BatchFrame, number: number): BatchFrame {
  const count = frame.numbers.findLastIndex((one) => one <= number) + 1;
  return {
    ...frame,
    numbers: frame.numbers.subarray(0, count),
    arrivedAt: frame.arrivedAt.subarray(0, count),
    starts: frame.starts.subarray(0, count),
    lengths: frame.lengths.subarray(0, count),
  };
}

/** The first so many bytes. */
async function* limited(pieces: AsyncIterator<Piece>, most: number): AsyncGenerator<Piece> {
  try {
    for (let left = most; left > 0;) {
      const { value, done } = await pieces.next();
      if (done) return;
      yield value.bytes.length <= left ? value : { ...value, bytes: value.bytes.subarray(0, left) };
      left -= value.bytes.length;
    }
  } finally {
    await pieces.return?.();
  }
}

export const nameText = ({ source, partition }: PartitionName): string => `${source}\n${partition}`;
