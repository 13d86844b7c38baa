import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

const PIECE_BYTES = 256 * 1024;

/** Pieces of a stream's bytes. `offset` is where the piece lies in a plain file; null where it cannot be read again. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly offset: number | null;
}

/** The bytes of a file, unpacked if its name ends in `.gz` or `.zst`. Throws what the system or the unpacker says. */
export async function* fileBytes(path: string): AsyncGenerator<Piece> {
  const unpack = /\.gz$/i.test(path)
    ? createGunzip()
    : /\.zst$/i.test(path)
      ? createZstdDecompress()
      : null;
  if (unpack === null) {
    yield* plainBytes(path);
    return;
  }
  const raw = createReadStream(path, { highWaterMark: PIECE_BYTES });
  raw.on('error', (error) => unpack.destroy(error));
  yield* gathered(raw.pipe(unpack));
}

async function* plainBytes(path: string): AsyncGenerator<Piece> {
  const file = await open(path, 'r');
  try {
    for (let offset = 0; ;) {
      const { bytesRead, buffer } = await file.read(
        new Uint8Array(PIECE_BYTES),
        0,
        PIECE_BYTES,
        offset,
      );
      if (bytesRead === 0) return;
      yield { bytes: buffer.subarray(0, bytesRead), offset };
      offset += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Unpackers give small pieces; batches are better larger. What came before an error is given before it. */
async function* gathered(stream: Readable): AsyncGenerator<Piece> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  let failure: unknown = null;
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      pieces.push(piece);
      length += piece.length;
      if (length < PIECE_BYTES) continue;
      yield { bytes: Buffer.concat(pieces), offset: null };
      pieces = [];
      length = 0;
    }
  } catch (error) {
    failure = error;
  }
  if (length > 0) yield { bytes: Buffer.concat(pieces), offset: null };
  if (failure !== null) throw failure;
}

/** What a program writes to us, as it comes. */
export async function* inputBytes(input: Readable): AsyncGenerator<Piece> {
  for await (const bytes of input as AsyncIterable<Uint8Array>) yield { bytes, offset: null };
}
