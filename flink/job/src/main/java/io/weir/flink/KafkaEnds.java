package io.weir.flink;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Asks the broker. Records of transactions that are not committed do not count. */
final class KafkaEnds implements Ends {
    private static final Duration WAIT = Duration.ofSeconds(3);

    /** Are there records between the two offsets? */
    private record Looked(long from, long end, boolean goesOn) {}

    private final Map<String, String> kafka;
    private final List<String> topics;

    KafkaEnds(Map<String, String> kafka, List<String> topics) {
        this.kafka = kafka;
        this.topics = topics;
    }

    @Override
    public Asked open() {
        Properties properties = new Properties();
        properties.putAll(kafka);
        properties.put("isolation.level", "read_committed");
        properties.put("auto.offset.reset", "none");
        properties.put("max.poll.records", "1");
        var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        Map<TopicPartition, Long> nextBefore = new HashMap<>();
        // What was looked at is not read again every second: after a restart that would be all partitions that others read.
        Map<TopicPartition, Looked> looked = new HashMap<>();
        return new Asked() {
            @Override
            public List<End> now(Map<String, Long> next) {
                List<TopicPartition> all = new ArrayList<>();
                for (String topic : topics) for (PartitionInfo one : consumer.partitionsFor(topic, WAIT)) all.add(new TopicPartition(topic, one.partition()));
                Map<TopicPartition, Long> ends = consumer.endOffsets(all, WAIT), begins = consumer.beginningOffsets(all, WAIT);
                List<End> found = new ArrayList<>();
                for (TopicPartition one : all) {
                    Long read = next.get(one.topic() + "-" + one.partition());
                    long begin = begins.get(one), end = ends.get(one);
                    // What is left may be marks of transactions only, which nobody is given.
                    if (read != null && read < end && read.equals(nextBefore.get(one)) && begin <= read && !goesOn(one, read, end)) end = read;
                    nextBefore.put(one, read);
                    found.add(new End(topics.indexOf(one.topic()), one.partition(), begin, end));
                }
                return found;
            }

            private boolean goesOn(TopicPartition partition, long from, long end) {
                Looked before = looked.get(partition);
                if (before != null && before.from == from && (before.goesOn || before.end == end)) return before.goesOn;
                consumer.assign(List.of(partition));
                consumer.seek(partition, from);
                boolean hasRecords = !consumer.poll(Duration.ofMillis(300)).isEmpty();
                boolean isThrough = hasRecords || consumer.position(partition, WAIT) >= end;
                if (isThrough) looked.put(partition, new Looked(from, end, hasRecords));
                return hasRecords || !isThrough;
            }

            @Override
            public void close() {
                consumer.close();
            }
        };
    }
}
