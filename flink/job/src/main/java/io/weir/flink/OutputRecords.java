package io.weir.flink;

import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Records of a topic of results, alerts and the like: changes of one result have one key, and so one partition. */
final class OutputRecords implements KafkaRecordSerializationSchema<Tuple2<byte[], byte[]>> {
    private final String topic;

    OutputRecords(String topic) {
        this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(Tuple2<byte[], byte[]> record, KafkaSinkContext context, Long timestamp) {
        return new ProducerRecord<>(topic, record.f0, record.f1);
    }
}
