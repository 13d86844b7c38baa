package io.weir.flink;

/**
 * How long to wait until changed chunks are stored again ahead of a barrier: so that a barrier finds a few thousand of them
 * at most. Keys that hold very much are not written again and again.
 */
final class Ahead {
    private static final long CHUNKS = 4000;
    private static final long CHUNK_BYTES_MAX = 64 << 10;
    private static final long MIN_MS = 50, MAX_MS = 1000, LONG_MS = 60_000;

    private long waitMs = MAX_MS;
    private long chunksBefore, bytesBefore;

    long nextMs(StageState state) {
        long chunks = state.chunksMoved - chunksBefore, bytes = state.bytesMoved - bytesBefore;
        chunksBefore = state.chunksMoved;
        bytesBefore = state.bytesMoved;
        if (chunks > 0 && bytes / chunks > CHUNK_BYTES_MAX) waitMs = Math.min(LONG_MS, waitMs * 4);
        else waitMs = Math.max(MIN_MS, Math.min(MAX_MS, chunks == 0 ? MAX_MS : waitMs * CHUNKS / chunks));
        return waitMs;
    }
}
