package io.weir.flink;

import java.util.Map;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Records of all outputs, each for its topic: one producer, and one transaction, for what a part gives between two
 * checkpoints. Changes of one result have one key, and so one partition.
 */
final class OutputRecords implements KafkaRecordSerializationSchema<Tuple3<String, byte[], byte[]>> {
    private final Map<String, String> topics;

    /** @param topics by output */
    OutputRecords(Map<String, String> topics) {
        this.topics = topics;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(Tuple3<String, byte[], byte[]> record, KafkaSinkContext context, Long timestamp) {
        return new ProducerRecord<>(topics.get(record.f0), record.f1, record.f2);
    }
}
