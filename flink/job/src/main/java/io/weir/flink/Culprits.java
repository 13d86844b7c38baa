package io.weir.flink;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/** Writes down which rules are left out: those that broke a limit, and those at which an engine ended. */
final class Culprits {
    /** Parts whose next engine says each call before it makes it, since the last one ended without a word. */
    private static final Map<String, Integer> PROBING = new ConcurrentHashMap<>();
    private static final int PROBED_FRAMES = 500;

    private final ControlLog control;
    private final String part;
    /** An engine ends once. */
    private boolean isDone;

    Culprits(ControlLog control, String part) {
        this.control = control;
        this.part = part;
    }

    /** Is the next frame one before which the engine is asked to say what it calls? */
    boolean isProbing() {
        return PROBING.computeIfPresent(part, (name, left) -> left > 1 ? left - 1 : null) != null;
    }

    /** The engine has parked rules by itself. */
    void publish(JsonNode parks) throws Exception {
        for (JsonNode park : parks) {
            String rule = park.get("rule").asText();
            // Those that wait for another rule are parked with it, wherever they are; what was ordered is known.
            if (park.at("/reason/limit").asText().equals("level") || park.path("isOrdered").asBoolean()) continue;
            append(rule, park.get("reason"), park.get("clause"), park.get("from"));
        }
    }

    /** An engine has ended at a frame; null: at none. */
    void blame(Engine engine, byte[] frame) throws Exception {
        if (isDone) return;
        isDone = true;
        JsonNode word = engine.lastWord();
        boolean hasAborted = engine.hasAborted();
        if (word == null || word.path("kind").asText().equals("probe") && !hasAborted) {
            if (hasAborted) PROBING.put(part, PROBED_FRAMES);
            return;
        }
        JsonNode culprit = word.get("culprit");
        if (culprit == null) return;
        JsonNode from = frame == null ? Frames.JSON.nullNode() : placeOf(frame, word.at("/marks/3").asInt());
        append(culprit.get("rule").asText(), culprit.get("reason"), culprit.get("clause"), from);
    }

    private void append(String rule, JsonNode reason, JsonNode clause, JsonNode from) throws Exception {
        ObjectNode park = Frames.object().put("kind", "park");
        park.putArray("rules").add(rule);
        park.set("reason", reason);
        if (clause != null && !clause.isNull()) park.set("clause", clause);
        park.set("from", from == null ? Frames.JSON.nullNode() : from);
        control.append("park:" + rule, park);
    }

    /** The record at hand, or the end of the batch's records; of frames that are no batches nothing can be said. */
    private static JsonNode placeOf(byte[] bytes, int record) throws Exception {
        if (Frames.typeOf(bytes) != Frames.BATCH) return Frames.JSON.nullNode();
        Frames.Frame batch = Frames.decode(bytes);
        int count = batch.header().get("count").asInt();
        ByteBuffer numbers = batch.rest();
        double number = numbers.getDouble(8 * (record < 0 ? count - 1 : record));
        ObjectNode place = Frames.object();
        place.set("source", batch.header().get("source"));
        place.set("partition", batch.header().get("partition"));
        return place.put("number", (long) number).put("isAfter", record < 0);
    }
}
