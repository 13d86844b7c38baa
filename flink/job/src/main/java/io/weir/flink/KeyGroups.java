package io.weir.flink;

import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;

/** Key groups are the engine's own hash of the key; Flink only has to send group g to whoever owns group g. */
final class KeyGroups implements KeySelector<Tuple2<Integer, byte[]>, Integer> {
    static final int COUNT = 128;
    /** KEY[g] is an Integer that Flink's own hash puts into key group g. */
    static final Integer[] KEY = new Integer[COUNT];

    static {
        for (int key = 0, found = 0; found < COUNT; key++) {
            int group = KeyGroupRangeAssignment.assignToKeyGroup(key, COUNT);
            if (KEY[group] == null) {
                KEY[group] = key;
                found++;
            }
        }
    }

    @Override
    public Integer getKey(Tuple2<Integer, byte[]> element) {
        return KEY[element.f0];
    }

    /** The bounds of the key groups of so many parts: part i owns from bounds[i] to bounds[i + 1], exclusive. */
    static int[] bounds(int parts) {
        int[] bounds = new int[parts + 1];
        for (int i = 0; i < parts; i++)
            bounds[i] = KeyGroupRangeAssignment.computeKeyGroupRangeForOperatorIndex(COUNT, parts, i).getStartKeyGroup();
        bounds[parts] = COUNT;
        return bounds;
    }
}
