package io.weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

/** The same examples that the TypeScript side is tested on. */
class FramesTest {
    private static final Path VECTORS = Path.of("../../packages/core/src/frames-vectors.json");
    private static final Map<String, Byte> TYPES = new TreeMap<>(Map.ofEntries(
            Map.entry("open", Frames.OPEN), Map.entry("change", Frames.CHANGE), Map.entry("restore", Frames.RESTORE),
            Map.entry("start", Frames.START), Map.entry("batch", Frames.BATCH), Map.entry("tick", Frames.TICK),
            Map.entry("end", Frames.END), Map.entry("routed", Frames.ROUTED), Map.entry("watermark", Frames.WATERMARK),
            Map.entry("finish", Frames.FINISH), Map.entry("snapshot", Frames.SNAPSHOT), Map.entry("close", Frames.CLOSE),
            Map.entry("ready", Frames.READY), Map.entry("route", Frames.ROUTE), Map.entry("state", Frames.STATE),
            Map.entry("set-aside", Frames.SET_ASIDE), Map.entry("fault", Frames.FAULT), Map.entry("park", Frames.PARK),
            Map.entry("release", Frames.RELEASE), Map.entry("probe", Frames.PROBE), Map.entry("parked", Frames.PARKED),
            Map.entry("released", Frames.RELEASED), Map.entry("records", Frames.RECORDS)));

    @Test
    void framesAreTheBytesThatTheVectorsSay() throws Exception {
        for (JsonNode vector : Frames.JSON.readTree(VECTORS.toFile())) {
            byte[] bytes = HexFormat.of().parseHex(vector.get("hex").asText());
            String type = vector.at("/frame/type").asText();
            assertEquals(TYPES.get(type), bytes[4], type);
            Frames.Frame read = Frames.decode(bytes);
            byte[] again = Frames.encode(read.type(), read.header(), read.rest());
            assertEquals(vector.get("hex").asText(), HexFormat.of().formatHex(again), type);
        }
    }

    @Test
    void aBatchOfRecordsIsTheFrameThatTheVectorsSay() throws Exception {
        for (JsonNode vector : Frames.JSON.readTree(VECTORS.toFile())) {
            JsonNode frame = vector.get("frame");
            // Records of a topic have times, and no gaps between them.
            if (!frame.get("type").asText().equals("batch") || frame.has("refill") || frame.get("arrivedAt").get(0).isNull()) continue;
            Batch batch = new Batch(frame.get("source").asText(), frame.get("partition").asText());
            for (int i = 0; i < frame.get("numbers").size(); i++) {
                byte[] record = new byte[frame.get("lengths").get(i).asInt()];
                for (int j = 0; j < record.length; j++) record[j] = (byte) frame.get("bytes").get(frame.get("starts").get(i).asInt() + j).asInt();
                batch.add(frame.get("numbers").get(i).asLong(), frame.get("arrivedAt").get(i).asLong(), record);
            }
            assertFalse(batch.isEmpty());
            assertEquals(vector.get("hex").asText(), HexFormat.of().formatHex(batch.take()));
            return;
        }
        throw new AssertionError("the vectors have no batch of a topic");
    }

    @Test
    void aRecordsFrameIsReadToItsEnd() throws Exception {
        for (JsonNode vector : Frames.JSON.readTree(VECTORS.toFile())) {
            if (!vector.at("/frame/type").asText().equals("records")) continue;
            ByteBuffer rest = Frames.decode(HexFormat.of().parseHex(vector.get("hex").asText())).rest();
            byte[] key = new byte[rest.getInt()];
            rest.get(key);
            byte[] value = new byte[rest.getInt()];
            rest.get(value);
            assertEquals("k {}", new String(key) + " " + new String(value));
            assertFalse(rest.hasRemaining());
        }
    }
}
