package io.weir.flink;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** How far the partitions of the sources' topics go. */
interface Ends extends Serializable {
    /** A partition of a topic (by its number in the job) and the offsets between which it has records now. */
    record End(int topic, int partition, long begin, long end) {}

    interface Asked extends AutoCloseable {
        /** @param next the offset of the next record, for partitions of which records were read: `topic-partition` */
        List<End> now(Map<String, Long> next) throws Exception;

        @Override
        void close();
    }

    Asked open();
}
