package io.weir.flink;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.fs.Path;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/** What a record of the control topic is to an engine. */
final class ControlFrames {
    private ControlFrames() {}

    /** For an engine that has not begun: what it begins with. null: it is told when it has begun. */
    static byte[] atFirst(ControlLog.Entry entry) throws IOException {
        JsonNode json = entry.json();
        return switch (entry.kind()) {
            case "sources" -> Frames.encode(Frames.CHANGE, json);
            case "rules" -> Frames.encode(Frames.CHANGE, Frames.object().put("kind", "rules").set("plan", json.get("plan")));
            case "list", "list-delta" -> change(json);
            default -> null;
        };
    }

    /**
     * For an engine that runs. null: it need not be told.
     *
     * @param comesAgain the records before the place of a park will come again, so that it holds from there; else from now on
     */
    static byte[] later(ControlLog.Entry entry, boolean comesAgain) throws IOException {
        JsonNode json = entry.json();
        return switch (entry.kind()) {
            case "rules" -> {
                ObjectNode header = Frames.object();
                header.set("plan", json.get("plan"));
                header.set("activeFrom", json.get("activeFrom"));
                yield Frames.encode(Frames.EDIT, header);
            }
            case "list", "list-delta" -> change(json);
            case "park" -> Frames.encode(Frames.PARK, order(json, comesAgain));
            case "release" -> Frames.encode(Frames.RELEASE, order(json, comesAgain));
            // Sources are what a job begins with.
            default -> null;
        };
    }

    private static byte[] change(JsonNode json) throws IOException {
        if (json.path("kind").asText().equals("list-delta")) return Frames.encode(Frames.CHANGE, json);
        ObjectNode header = Frames.object().put("kind", "list");
        header.set("list", json.get("list"));
        byte[] rows = json.has("rows") ? ControlLog.utf8(json.get("rows").asText()) : fetch(json);
        return Frames.encode(Frames.CHANGE, header, ByteBuffer.wrap(rows));
    }

    /** A list's rows from where they lie; only their location and hash travel. */
    private static byte[] fetch(JsonNode json) throws IOException {
        String location = json.path("location").asText(), expected = json.path("sha256").asText();
        Path path = new Path(location);
        byte[] rows;
        try (InputStream in = FileSystem.get(path.toUri()).open(path)) {
            rows = in.readAllBytes();
        }
        String found = sha256(rows);
        if (!found.equals(expected))
            throw new IOException("the list " + json.at("/list/name").asText() + " at " + location + " is not the one that was declared: its SHA-256 is "
                    + found + ", not " + expected);
        return rows;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ObjectNode order(JsonNode json, boolean comesAgain) {
        ObjectNode order = json.deepCopy();
        order.remove("kind");
        if (!comesAgain || !order.has("from")) order.putNull("from");
        return order;
    }
}
