package io.weir.flink;

import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/** The control topic: rules, lists and parks, in one order that all parts of the job share. */
interface ControlLog extends Serializable {
    /**
     * A record of it; its offset is its version.
     *
     * @param isFirst the job began with it
     */
    record Entry(long offset, String key, byte[] value, boolean isFirst) {
        Entry(long offset, String key, byte[] value) {
            this(offset, key, value, false);
        }

        Entry asFirst() {
            return new Entry(offset, key, value, true);
        }

        JsonNode json() {
            return Frames.read(value);
        }

        String kind() {
            return json().path("kind").asText();
        }

        boolean isRules() {
            return key.equals("rules");
        }

        /** Of rules: the number of the edit. */
        int edit() {
            return json().path("edit").asInt();
        }

        /** Nothing of it holds any more; rows that were added to a list go with the list. */
        boolean isReplacedBy(Entry newer) {
            return key.equals(newer.key) || newer.kind().equals("list") && key.startsWith(newer.key + ":+");
        }

        /** On its way between operators, and in their state, it is a frame, so that it stands in order with others. */
        byte[] frame() {
            var header = Frames.object().put("offset", offset).put("key", key).put("first", isFirst);
            return Frames.encode(Frames.CONTROL, header, ByteBuffer.wrap(value));
        }

        static Entry of(byte[] frame) throws IOException {
            Frames.Frame read = Frames.decode(frame);
            JsonNode header = read.header();
            return new Entry(header.get("offset").asLong(), header.get("key").asText(), read.restBytes(), header.path("first").asBoolean());
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
