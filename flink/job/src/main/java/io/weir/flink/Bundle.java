package io.weir.flink;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/** The engine's modules: those in the job's jar, unpacked once for each JVM, or a folder that has the same. */
final class Bundle {
    /** Of the JVM: each submission of the job has classes of its own, and all of one build share what is unpacked. */
    private static final String UNPACKED = "weir.engine.";

    private final Path folder;
    private final JsonNode facts;

    private Bundle(Path folder) throws IOException {
        this.folder = folder;
        this.facts = Frames.JSON.readTree(folder.resolve("bundle.json").toFile());
    }

    /** @param folder null or empty: the one in the jar */
    static synchronized Bundle in(String folder) throws IOException {
        if (folder != null && !folder.isEmpty()) return new Bundle(Path.of(folder));
        byte[] facts = resource("bundle.json");
        String property = UNPACKED + Frames.read(facts).get("sha256").asText();
        String known = System.getProperty(property);
        if (known == null || !Files.exists(Path.of(known, "bundle.json"))) System.setProperty(property, known = unpack(facts).toString());
        return new Bundle(Path.of(known));
    }

    /** What is started: Node's program, its arguments, the engine. */
    List<String> command(String node) {
        List<String> command = new ArrayList<>(List.of(node));
        facts.get("arguments").forEach(one -> command.add(one.asText().replace("{bundle}", folder.toString())));
        return command;
    }

    private static Path unpack(byte[] facts) throws IOException {
        Path to = Files.createTempDirectory("weir-engine-");
        for (JsonNode file : Frames.read(facts).get("files")) write(to.resolve(file.asText()), resource(file.asText()));
        // Last, so that a folder that has it is whole.
        write(to.resolve("bundle.json"), facts);
        return to;
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Bundle.class.getResourceAsStream("/weir/" + name)) {
            if (in == null) throw new IOException("the jar has no weir/" + name + ": it was built without the engine");
            return in.readAllBytes();
        }
    }
}
