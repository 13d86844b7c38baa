package io.weir.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is looked at before a job begins. */
final class Topics {
    private static final Logger LOG = LoggerFactory.getLogger(Topics.class);
    private static final long WAIT_SECONDS = 30;

    private Topics() {}

    /** All partitions of the sources' topics, as `source\npartition`, when their settings are seen to be good. */
    static List<String> partitions(Settings settings) throws Exception {
        try (Admin admin = Admin.create(Map.copyOf(settings.kafka()))) {
            checkRetention(settings, admin);
            Map<String, TopicDescription> topics = admin.describeTopics(settings.topics).allTopicNames().get(WAIT_SECONDS, TimeUnit.SECONDS);
            List<String> names = new ArrayList<>();
            for (int i = 0; i < settings.topics.size(); i++) {
                String topic = settings.topics.get(i), source = settings.sources.get(i);
                topics.get(topic).partitions().forEach(one -> names.add(source + "\n" + topic + "-" + one.partition()));
            }
            return names;
        }
    }

    /**
     * Kafka deletes by the records' own times: replayed history is gone while it is read. Such gaps are found when they
     * happen; here the job says no before it begins, unless told that any retention is meant.
     */
    private static void checkRetention(Settings settings, Admin admin) throws Exception {
        List<ConfigResource> asked = settings.topics.stream().map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList();
        for (Map.Entry<ConfigResource, Config> one : admin.describeConfigs(asked).all().get(WAIT_SECONDS, TimeUnit.SECONDS).entrySet()) {
        String topic = one.getKey().name();
        Config config = one.getValue();
        boolean isDeleting = config.get("cleanup.policy").value().contains("delete");
        long retentionMs = Long.parseLong(config.get("retention.ms").value());
        boolean goesByRecords = !"LogAppendTime".equals(config.get("message.timestamp.type").value());
        if (!isDeleting || retentionMs < 0) continue;
        String what = "the topic " + topic + " deletes records that are older than " + retentionMs + " ms"
                + (goesByRecords ? " by the times that their senders gave them, so replayed history is deleted while it is read" : "");
        if (settings.text("retention").equals("check") && goesByRecords)
            throw new IllegalStateException(what + ": set retention.ms=-1 or message.timestamp.type=LogAppendTime, or submit with retention=any");
        LOG.warn(what);
        }
    }
}
