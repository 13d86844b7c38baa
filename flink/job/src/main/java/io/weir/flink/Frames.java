package io.weir.flink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What is said to an engine process and what it answers, as bytes: {@code u32 length | u8 type | u32 header length |
 * header (JSON) | rest}, little-endian. The other side is frames-codec.ts; frames-vectors.json holds examples that both
 * are tested on. A type's number is its place in the list there.
 */
final class Frames {
    static final byte OPEN = 0, CHANGE = 1, RESTORE = 2, START = 3, BATCH = 4, TICK = 5, END = 6, ROUTED = 7, WATERMARK = 8,
            FINISH = 9, SNAPSHOT = 10, CLOSE = 11, READY = 12, RESULTS = 13, ALERTS = 14, ROUTE = 15, STATE = 16,
            SET_ASIDE = 17, ERRORS = 18, DONE = 19, FAULT = 20, EDIT = 21, EDITED = 22, REFILLED = 23, PARK = 24,
            RELEASE = 25, PROBE = 26, PARKED = 27, RELEASED = 28, RECORDS = 29, CONTROL = 30;
    /** What comes before the header. */
    static final int HEAD_BYTES = 9;
    static final int NO_KEY_GROUP = 0xffff;
    /** A longer frame is a mistake of the sender. */
    static final int FRAME_MAX_BYTES = 1 << 28;
    static final ObjectMapper JSON = new ObjectMapper();

    private Frames() {}

    /** A frame that was read: its header, and the rest as it lies in the frame's bytes. */
    record Frame(byte type, JsonNode header, ByteBuffer rest, byte[] bytes) {
        byte[] restBytes() {
            byte[] copy = new byte[rest.remaining()];
            rest.duplicate().get(copy);
            return copy;
        }
    }

    static byte[] encode(byte type, JsonNode header) {
        return encode(type, header, ByteBuffer.allocate(0));
    }

    static byte[] encode(byte type, JsonNode header, ByteBuffer rest) {
        return encode(type, header.toString().getBytes(StandardCharsets.UTF_8), rest);
    }

    static byte[] encode(byte type, byte[] header, ByteBuffer rest) {
        int length = HEAD_BYTES - 4 + header.length + rest.remaining();
        if (length > FRAME_MAX_BYTES) throw new IllegalArgumentException("a frame of " + length + " bytes is too long");
        return ByteBuffer.allocate(4 + length).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(length).put(type).putInt(header.length).put(header).put(rest.duplicate()).array();
    }

    /** The type of a whole frame. */
    static byte typeOf(byte[] frame) {
        return frame[4];
    }

    /** Reads a whole frame, with its length. */
    static Frame decode(byte[] frame) throws JsonProcessingException {
        ByteBuffer bytes = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
        int headerLength = bytes.getInt(5);
        JsonNode header = JSON.readTree(new String(frame, HEAD_BYTES, headerLength, StandardCharsets.UTF_8));
        ByteBuffer rest = bytes.position(HEAD_BYTES + headerLength).slice().order(ByteOrder.LITTLE_ENDIAN);
        return new Frame(frame[4], header, rest, frame);
    }

    /** Does the engine owe a `done` for it? */
    static boolean owesDone(byte type) {
        return switch (type) {
            case START, BATCH, TICK, END, ROUTED, WATERMARK, FINISH, SNAPSHOT, EDIT, REFILLED, PARK, RELEASE -> true;
            default -> false;
        };
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    static JsonNode read(byte[] json) {
        try {
            return JSON.readTree(json);
        } catch (java.io.IOException e) {
            throw new IllegalArgumentException("not JSON: " + new String(json, StandardCharsets.UTF_8), e);
        }
    }
}
