package io.weir.flink;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/** The control topic: rules, lists and parks, in one order that all parts of the job share. */
interface ControlLog extends Serializable {
    /** A record of it; its offset is its version. */
    record Entry(long offset, String key, byte[] value) {
        JsonNode json() {
            return Frames.read(value);
        }

        /** On its way between operators it is a frame, so that it stands in order with others. */
        byte[] frame() {
            return frame(false);
        }

        /** As it is kept: `isFirst`: the job began with it. */
        byte[] frame(boolean isFirst) {
            var header = Frames.object().put("offset", offset).put("key", key).put("first", isFirst);
            return Frames.encode(Frames.CONTROL, header, java.nio.ByteBuffer.wrap(value));
        }

        static Entry of(byte[] frame) throws java.io.IOException {
            Frames.Frame read = Frames.decode(frame);
            return new Entry(read.header().get("offset").asLong(), read.header().get("key").asText(), read.restBytes());
        }
    }

    /** All records there are now, in order. Fails loudly if they cannot be read. */
    List<Entry> readToEnd() throws Exception;

    /** Appends a record, and comes back when it is stored. */
    void append(String key, JsonNode value) throws Exception;

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
