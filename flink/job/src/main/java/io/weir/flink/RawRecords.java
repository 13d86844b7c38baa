package io.weir.flink;

import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Records as Kafka has them: number of the topic, partition, offset, timestamp, value. Nothing is decoded here. */
final class RawRecords implements KafkaRecordDeserializationSchema<Tuple5<Integer, Integer, Long, Long, byte[]>> {
    static final TypeInformation<Tuple5<Integer, Integer, Long, Long, byte[]>> TYPE =
            Types.TUPLE(Types.INT, Types.INT, Types.LONG, Types.LONG, Outputs.BYTES);
    private static final byte[] NOTHING = new byte[0];

    private final List<String> topics;

    RawRecords(List<String> topics) {
        this.topics = topics;
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple5<Integer, Integer, Long, Long, byte[]>> out) {
        byte[] value = record.value() == null ? NOTHING : record.value();
        out.collect(Tuple5.of(topics.indexOf(record.topic()), record.partition(), record.offset(), record.timestamp(), value));
    }

    @Override
    public TypeInformation<Tuple5<Integer, Integer, Long, Long, byte[]>> getProducedType() {
        return TYPE;
    }
}
