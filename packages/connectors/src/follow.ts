import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Piece } from './byte-source.ts';

const PIECE_BYTES = 256 * 1024;
const LOOK_EVERY_MS = 200;

/**
 * The bytes of a file that grows, until `signal` says enough. When the file is replaced (rotation) the old one is read
 * to its end and the new one from its beginning; when it is cut, it is read from its beginning again.
 */
export async function* followedBytes(path: string, signal: AbortSignal): AsyncGenerator<Piece> {
  let file: FileHandle | null = await opened(path);
  let offset = 0;
  try {
    while (!signal.aborted) {
      file ??= await opened(path);
      const piece = file === null ? null : await read(file, offset);
      if (piece !== null) {
        offset += piece.length;
        yield { bytes: piece, offset: null };
        continue;
      }
      if (file !== null && (await isReplaced(file, path, offset))) {
        await file.close();
        file = null;
        offset = 0;
        continue;
      }
      await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    await file?.close();
  }
}

const opened = (path: string): Promise<FileHandle | null> => open(path, 'r').catch(() => null);

async function read(file: FileHandle, offset: number): Promise<Uint8Array | null> {
  const { bytesRead, buffer } = await file.read(
    new Uint8Array(PIECE_BYTES),
    0,
    PIECE_BYTES,
    offset,
  );
  return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
}

async function isReplaced(file: FileHandle, path: string, offset: number): Promise<boolean> {
  const held = await file.stat();
  if (held.size < offset) return true;
  const named = await stat(path).catch(() => null);
  return named !== null && (named.ino !== held.ino || named.dev !== held.dev);
}
