package io.weir.flink;

import java.io.Serializable;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Where a stage stands, and what its operators are told.
 *
 * @param stage -1: match; 0 to n - 1: levels of rules; n: alerts
 * @param parallelism of the match stage, of each level, of alerts
 * @param partitions all partitions of the sources' topics, as `source\npartition`
 * @param window frames that may be under way at a time
 * @param controlBase records of the control topic before this offset are what the job begins with
 */
record StagePlan(int stage, int[] parallelism, List<String> partitions, int window, long controlBase) implements Serializable {
    StagePlan at(int other) {
        return new StagePlan(other, parallelism, partitions, window, controlBase);
    }

    int stages() {
        return parallelism.length - 1;
    }

    int parts() {
        return parallelism[stage + 1];
    }

    int partsOf(int other) {
        return parallelism[other + 1];
    }

    /** A key group of a part, for whom an element is meant. */
    int groupOf(int other, int part) {
        return KeyGroups.bounds(partsOf(other))[part];
    }

    byte[] open(int part) {
        ObjectNode place = Frames.object().put("stage", stage).put("part", part);
        ArrayNode stages = place.putArray("stages");
        for (int other = 0; other < stages(); other++) {
            ArrayNode bounds = stages.addArray();
            for (int bound : KeyGroups.bounds(partsOf(other))) bounds.add(bound);
        }
        int[] bounds = stage < 0 ? new int[parts() + 1] : KeyGroups.bounds(parts());
        ObjectNode header = Frames.object().put("from", bounds[part]).put("to", stage < 0 ? 0 : bounds[part + 1]);
        return Frames.encode(Frames.OPEN, header.set("place", place));
    }

    byte[] start() {
        ObjectNode header = Frames.object();
        ArrayNode known = header.putArray("partitions");
        for (String name : partitions) {
            String[] parts = name.split("\n", 2);
            known.addObject().put("source", parts[0]).put("partition", parts[1]);
        }
        return Frames.encode(Frames.START, header);
    }
}
