package io.weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.junit.jupiter.api.Test;

class KeyGroupsTest {
    @Test
    void anElementForAKeyGroupReachesThePartThatOwnsIt() {
        for (int parts = 1; parts <= KeyGroups.COUNT; parts++) {
            int[] bounds = KeyGroups.bounds(parts);
            assertEquals(KeyGroups.COUNT, bounds[parts]);
            for (int group = 0, part = 0; group < KeyGroups.COUNT; group++) {
                if (group == bounds[part + 1]) part++;
                Integer key = new KeyGroups().getKey(Tuple2.of(group, new byte[0]));
                assertEquals(group, KeyGroupRangeAssignment.assignToKeyGroup(key, KeyGroups.COUNT));
                assertEquals(part, KeyGroupRangeAssignment.assignKeyToParallelOperator(key, KeyGroups.COUNT, parts));
            }
        }
    }
}
