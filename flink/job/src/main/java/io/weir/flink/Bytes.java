package io.weir.flink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Buffers that grow, little-endian as all frames. */
final class Bytes {
    private Bytes() {}

    static ByteBuffer little(int capacity) {
        return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The buffer, or a larger one with what was put into it, if there is no room for so many bytes more. */
    static ByteBuffer room(ByteBuffer buffer, int more) {
        if (buffer.remaining() >= more) return buffer;
        return little(Math.max(buffer.capacity() * 2, buffer.position() + more)).put(buffer.flip());
    }
}
