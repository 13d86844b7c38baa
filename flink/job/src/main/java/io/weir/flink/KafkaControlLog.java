package io.weir.flink;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The control topic in Kafka: one partition, compacted. */
final class KafkaControlLog implements ControlLog {
    private static final Duration WAIT = Duration.ofMillis(500);
    private static final long READ_MAX_MS = 60_000;

    private final Map<String, String> kafka;
    private final String topic;

    KafkaControlLog(Map<String, String> kafka, String topic) {
        this.kafka = kafka;
        this.topic = topic;
    }

    @Override
    public List<Entry> readToEnd() {
        Properties properties = properties();
        properties.put("isolation.level", "read_committed");
        properties.put("auto.offset.reset", "earliest");
        TopicPartition partition = new TopicPartition(topic, 0);
        List<Entry> entries = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            long deadline = System.currentTimeMillis() + READ_MAX_MS;
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(WAIT)) {
                    Entry entry = entryOf(record);
                    if (entry != null) entries.add(entry);
                }
                if (System.currentTimeMillis() > deadline)
                    throw new IllegalStateException("the control topic " + topic + " could not be read to its end at offset " + end);
            }
        }
        return entries;
    }

    /** null: the record only says that those of its key are gone. */
    static Entry entryOf(ConsumerRecord<byte[], byte[]> record) {
        if (record.value() == null) return null;
        String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        return new Entry(record.offset(), key, record.value());
    }

    @Override
    public void append(String key, JsonNode value) throws Exception {
        Properties properties = properties();
        properties.put("acks", "all");
        properties.put("delivery.timeout.ms", "20000");
        properties.put("request.timeout.ms", "10000");
        try (var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, 0, ControlLog.utf8(key), ControlLog.utf8(value.toString()))).get();
        }
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.putAll(kafka);
        return properties;
    }
}
