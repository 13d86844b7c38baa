package io.weir.flink;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Runs the operators of a job without a cluster, as Flink's own harnesses drive them, with real engine processes. It reads
 * commands as lines of JSON and answers each with a line: tests/flink/harness.ts.
 */
public final class Harness {
    private static final Deque<Engine> POOL = new ArrayDeque<>();

    /** Processes are used again: an `open` makes them begin anew, and a case costs no start of Node. */
    private static Engines pooled(String node, String bundle) {
        return new Engines() {
            @Override
            public Engine take(Runnable onReply) throws IOException {
                Engine engine = POOL.poll();
                if (engine == null) return new Engine(Bundle.in(bundle).command(node), 60, onReply);
                engine.onReply(onReply);
                return engine;
            }

            @Override
            public void giveBack(Engine engine) {
                if (engine.isIdle()) POOL.push(engine);
                else engine.close();
            }
        };
    }

    /** The control topic, in memory. It is not serialized: all parts are in this process. */
    static final class Memory implements ControlLog {
        private static final long serialVersionUID = 1;
        static final List<Entry> ENTRIES = new ArrayList<>();

        @Override
        public List<Entry> readToEnd() {
            return List.copyOf(ENTRIES);
        }

        @Override
        public void append(String key, JsonNode value) {
            ENTRIES.add(new Entry(ENTRIES.size(), key, ControlLog.utf8(value.toString())));
        }
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        // What libraries print must not stand among the answers.
        System.setOut(System.err);
        Engines engines = pooled(arguments[0], arguments[1]);
        HarnessJob job = null;
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            JsonNode command = Frames.JSON.readTree(line);
            ObjectNode answer = Frames.object();
            try {
                if (command.get("do").asText().equals("open")) {
                    if (job != null) job.abandon();
                    job = open(command, engines);
                } else carryOut(job, command);
                answer.set("appended", carryAppended(job));
                answer.set("records", records(job));
            } catch (Throwable error) {
                answer.put("error", String.valueOf(error));
                answer.set("appended", appendedFrom(carried));
            }
            answers.println(answer);
            answers.flush();
        }
        if (job != null) job.abandon();
        POOL.forEach(Engine::close);
        System.exit(0);
    }

    /** What operators have written to the control topic reaches all parts, as by the broadcast. */
    private static ArrayNode carryAppended(HarnessJob job) throws Exception {
        ArrayNode appended = appendedFrom(carried);
        for (; carried < Memory.ENTRIES.size(); carried++) job.control(Memory.ENTRIES.get(carried));
        return appended;
    }

    private static ArrayNode appendedFrom(int first) {
        ArrayNode appended = Frames.JSON.createArrayNode();
        for (ControlLog.Entry entry : Memory.ENTRIES.subList(first, Memory.ENTRIES.size()))
            appended.addObject().put("key", entry.key()).set("value", entry.json());
        return appended;
    }

    private static int carried;

    private static HarnessJob open(JsonNode command, Engines engines) throws Exception {
        Memory.ENTRIES.clear();
        for (JsonNode record : command.get("control")) Memory.ENTRIES.add(entryOf(record));
        carried = Memory.ENTRIES.size();
        List<String> partitions = new ArrayList<>();
        for (JsonNode one : command.get("partitions")) partitions.add(one.get("source").asText() + "\n" + one.get("partition").asText());
        StagePlan plan = new StagePlan(-1, numbers(command.get("parallelism")), partitions, 4, command.get("base").asLong());
        return new HarnessJob(plan, engines, new Memory(), command.get("seed").asLong());
    }

    private static void carryOut(HarnessJob job, JsonNode command) throws Exception {
        switch (command.get("do").asText()) {
            case "frame" -> job.frame(command.get("part").asInt(), Base64.getDecoder().decode(command.get("frame").asText()));
            case "control" -> {
                ControlLog.Entry entry = entryOf(command.get("record"));
                Memory.ENTRIES.add(entry);
                carried = Memory.ENTRIES.size();
                job.control(entry);
            }
            case "drain" -> job.drain();
            case "finish" -> job.finish();
            case "restore" -> job.restore(numbers(command.get("parallelism")));
            case "kill" -> job.kill();
            default -> throw new IllegalArgumentException("there is no command " + command);
        }
    }

    private static ControlLog.Entry entryOf(JsonNode record) {
        return new ControlLog.Entry(record.get("offset").asLong(), record.get("key").asText(), ControlLog.utf8(record.get("value").asText()));
    }

    private static int[] numbers(JsonNode list) {
        int[] numbers = new int[list.size()];
        for (int i = 0; i < numbers.length; i++) numbers[i] = list.get(i).asInt();
        return numbers;
    }

    private static ArrayNode records(HarnessJob job) {
        ArrayNode records = Frames.JSON.createArrayNode();
        for (HarnessJob.Given one : job.takeGiven())
            records.addObject().put("output", one.output()).put("key", new String(one.key(), StandardCharsets.UTF_8))
                    .put("value", new String(one.value(), StandardCharsets.UTF_8));
        return records;
    }
}
