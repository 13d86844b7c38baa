package io.weir.flink;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the job is told: `name=value`. */
final class Settings {
    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("levels", "1"), Map.entry("parallelism.match", "1"), Map.entry("parallelism.level", "1"),
            Map.entry("parallelism.alerts", "1"), Map.entry("delivery", "at-once"), Map.entry("lingerMs", "10"),
            Map.entry("batchBytes", "131072"), Map.entry("window", "4"), Map.entry("node", "node"), Map.entry("engine", ""),
            Map.entry("bounded", "false"), Map.entry("answerSeconds", "30"), Map.entry("retention", "check"),
            Map.entry("control.base", "0"), Map.entry("transactionTimeoutMs", "600000"));
    private static final List<String> NEEDED = List.of("kafka", "topics", "control", "results", "alerts", "set-aside", "faults");

    private final Map<String, String> values = new TreeMap<>(DEFAULTS);
    /** Names of sources, and their topics, in one order. */
    final List<String> sources = new ArrayList<>();
    final List<String> topics = new ArrayList<>();

    Settings(String[] arguments) {
        for (String argument : arguments) {
            int at = argument.indexOf('=');
            if (at < 1) throw new IllegalArgumentException("an argument is name=value, not " + argument);
            values.put(argument.substring(0, at), argument.substring(at + 1));
        }
        for (String name : NEEDED)
            if (!values.containsKey(name)) throw new IllegalArgumentException("the argument " + name + "= is missing");
        if (number("window") < 1) throw new IllegalArgumentException("window= takes a whole number from 1 on, not " + text("window"));
        for (String pair : text("topics").split(",")) {
            int at = pair.indexOf(':');
            if (at < 1) throw new IllegalArgumentException("topics= takes source:topic,…, not " + pair);
            sources.add(pair.substring(0, at));
            topics.add(pair.substring(at + 1));
        }
    }

    String text(String name) {
        return values.get(name);
    }

    int number(String name) {
        return Integer.parseInt(text(name));
    }

    boolean is(String name) {
        return Boolean.parseBoolean(text(name));
    }

    /** Properties of every Kafka client. */
    Map<String, String> kafka() {
        Map<String, String> properties = new LinkedHashMap<>(starting("kafka."));
        properties.put("bootstrap.servers", text("kafka"));
        return properties;
    }

    /** Those whose names begin so, without that. */
    Map<String, String> starting(String prefix) {
        Map<String, String> found = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            if (name.startsWith(prefix)) found.put(name.substring(prefix.length()), value);
        });
        return found;
    }

    /** Of the match stage, of each level of rules, of alerts. */
    int[] parallelism() {
        int levels = number("levels");
        int[] parts = new int[levels + 2];
        parts[0] = number("parallelism.match");
        for (int level = 0; level < levels; level++) parts[level + 1] = number("parallelism.level");
        parts[levels + 1] = number("parallelism.alerts");
        return parts;
    }
}
