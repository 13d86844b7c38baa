package io.weir.flink;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.Partitioner;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The graph: topics, a stage that matches, a stage for each level of rules, one for alerts, and topics again. */
public final class Job {
    private final Settings settings;
    private final StreamExecutionEnvironment env;
    private final Engines engines;
    private final ControlLog control;

    private Job(Settings settings) {
        this.settings = settings;
        Configuration flink = new Configuration();
        settings.starting("flink.").forEach(flink::setString);
        env = StreamExecutionEnvironment.getExecutionEnvironment(flink);
        env.setMaxParallelism(KeyGroups.COUNT);
        // Records go from the source into batches without being copied.
        env.getConfig().enableObjectReuse();
        // A part takes time to have come as far as the rows that it was given: nothing may overtake a barrier.
        env.getCheckpointConfig().setCheckpointingConsistencyMode(CheckpointingMode.EXACTLY_ONCE);
        env.getCheckpointConfig().enableUnalignedCheckpoints(false);
        env.getCheckpointConfig().setAlignedCheckpointTimeout(Duration.ZERO);
        engines = Engines.of(settings.text("node"), settings.text("engine"), settings.number("answerSeconds"));
        control = new KafkaControlLog(settings.kafka(), settings.text("control"));
    }

    /** Arguments are name=value: docs/flink.md. */
    public static void main(String[] arguments) throws Exception {
        Settings settings = new Settings(arguments);
        Job job = new Job(settings);
        job.build(new StagePlan(-1, settings.parallelism(), Topics.partitions(settings), settings.number("window"),
                Long.parseLong(settings.text("control.base"))));
        job.env.execute("weir " + settings.text("control"));
    }

    private void build(StagePlan plan) {
        DataStream<byte[]> told = env.fromSource(controlSource(), WatermarkStrategy.noWatermarks(), "control")
                .uid("control").setParallelism(1).broadcast();
        List<SingleOutputStreamOperator<Tuple3<String, byte[], byte[]>>> stages = new ArrayList<>();
        stages.add(env.fromSource(eventSource(), WatermarkStrategy.noWatermarks(), "events")
                .uid("events").setParallelism(plan.parts()).slotSharingGroup(slots("match"))
                .transform("batch", Outputs.FRAME, new BatchOperator(settings.sources, settings.topics, settings.number("batchBytes"),
                        settings.number("lingerMs"), new KafkaEnds(settings.kafka(), settings.topics)))
                .uid("batch").setParallelism(plan.parts())
                .connect(told)
                .transform("match", Outputs.RECORD, new StageOperator(plan, engines, control))
                .uid("match").setParallelism(plan.parts()));
        for (int stage = 0; stage < plan.stages(); stage++) {
            boolean isAlerts = stage == plan.stages() - 1;
            String name = isAlerts ? "alert-stage" : "level-" + stage;
            StagePlan here = plan.at(stage);
            DataStream<Tuple2<Integer, byte[]>> in = null;
            for (var before : stages) {
                var frames = before.getSideOutput(Outputs.toStage(stage));
                in = in == null ? frames : in.union(frames);
            }
            stages.add(in.keyBy(new KeyGroups(), Types.INT)
                    .connect(told)
                    .transform(name, Outputs.RECORD, new StageOperator(here, engines, control))
                    .uid(name).setParallelism(here.parts()).slotSharingGroup(slots(isAlerts ? "alerts" : "level")));
        }
        DataStream<Tuple3<String, byte[], byte[]>> records = stages.get(0);
        for (int stage = 0; stage < plan.stages(); stage++) {
            DataStream<Tuple3<String, byte[], byte[]>> given = stages.get(stage + 1);
            // Changes of one result stay in order: with equal numbers of parts they go straight on, else by their keys.
            if (plan.partsOf(stage) != plan.parts()) given = given.partitionCustom(new ByKey(), record -> ByKey.of(record.f1));
            records = records.union(given);
        }
        records.sinkTo(sink()).name("to Kafka").uid("to-kafka").setParallelism(plan.parts());
    }

    private String slots(String stage) {
        String group = settings.text("slots." + stage);
        return group == null ? "default" : group;
    }

    private KafkaSource<Tuple5<Integer, Integer, Long, Long, byte[]>> eventSource() {
        var builder = KafkaSource.<Tuple5<Integer, Integer, Long, Long, byte[]>>builder()
                .setTopics(settings.topics)
                .setGroupId("weir-" + settings.text("control"))
                .setStartingOffsets(new FromTheBeginning())
                .setDeserializer(new RawRecords(settings.topics));
        if (settings.is("bounded")) builder.setBounded(OffsetsInitializer.latest());
        return withKafka(builder).setProperty("fetch.max.bytes", "16777216").setProperty("isolation.level", "read_committed")
                .setProperty("partition.discovery.interval.ms", settings.is("bounded") ? "-1" : "10000").build();
    }

    private KafkaSource<byte[]> controlSource() {
        var builder = KafkaSource.<byte[]>builder()
                .setTopics(settings.text("control"))
                .setGroupId("weir-" + settings.text("control"))
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new ControlRecords());
        if (settings.is("bounded")) builder.setBounded(OffsetsInitializer.latest());
        return withKafka(builder).setProperty("isolation.level", "read_committed").build();
    }

    private <T> KafkaSourceBuilder<T> withKafka(KafkaSourceBuilder<T> builder) {
        settings.kafka().forEach(builder::setProperty);
        return builder;
    }

    private KafkaSink<Tuple3<String, byte[], byte[]>> sink() {
        boolean isExactlyOnce = settings.text("delivery").equals("exactly-once");
        Map<String, String> topics = new HashMap<>();
        for (String output : List.of("results", "alerts", "set-aside", "faults")) topics.put(output, settings.text(output));
        var builder = KafkaSink.<Tuple3<String, byte[], byte[]>>builder()
                .setBootstrapServers(settings.text("kafka"))
                .setRecordSerializer(new OutputRecords(topics))
                .setDeliveryGuarantee(isExactlyOnce ? DeliveryGuarantee.EXACTLY_ONCE : DeliveryGuarantee.AT_LEAST_ONCE)
                .setTransactionalIdPrefix("weir-" + settings.text("control"))
                .setProperty("transaction.timeout.ms", settings.text("transactionTimeoutMs"))
                // Small, and soon: an alert must not wait for others.
                .setProperty("linger.ms", "5").setProperty("max.request.size", "16777216");
        settings.kafka().forEach(builder::setProperty);
        return builder.build();
    }

    /** Records of the control topic with their offsets. */
    static final class ControlRecords implements KafkaRecordDeserializationSchema<byte[]> {
        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<byte[]> out) {
            ControlLog.Entry entry = KafkaControlLog.entryOf(record);
            if (entry != null) out.collect(entry.frame());
        }

        @Override
        public TypeInformation<byte[]> getProducedType() {
            return Outputs.BYTES;
        }
    }

    /** Of parts that take records, the one for a key. */
    static final class ByKey implements Partitioner<Integer> {
        static Integer of(byte[] key) {
            return Arrays.hashCode(key);
        }

        @Override
        public int partition(Integer hash, int parts) {
            return Math.floorMod(hash, parts);
        }
    }
}
