package io.weir.flink;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Makes frames of raw records: a `batch` is of one partition, and a `tick` says of which partitions all that had arrived by
 * a time was read. It runs chained to the source, so that records are not copied on their way.
 */
final class BatchOperator extends AbstractStreamOperator<Tuple2<Integer, byte[]>>
        implements OneInputStreamOperator<Tuple5<Integer, Integer, Long, Long, byte[]>, Tuple2<Integer, byte[]>>, BoundedOneInput {
    private static final ListStateDescriptor<Tuple2<String, Long>> NEXT =
            new ListStateDescriptor<>("weir-next", Types.TUPLE(Types.STRING, Types.LONG));
    private static final long TICK_EVERY_MS = 1000;

    private final List<String> sources;
    private final List<String> topics;
    private final int batchBytes;
    private final long lingerMs;
    private final Ends ends;

    private transient MailboxExecutor mailbox;
    private transient Map<Long, Batch> batches;
    /** By `topic-partition`: the offset after the last record that was read. */
    private transient Map<String, Long> next;
    private transient Set<String> readHere;
    private transient ListState<Tuple2<String, Long>> nextState;
    private transient Thread ticker;
    private transient boolean isTimed, hasEnded;
    private transient volatile boolean closed;

    /** @param sources name of the source of each topic */
    BatchOperator(List<String> sources, List<String> topics, int batchBytes, long lingerMs, Ends ends) {
        this.sources = sources;
        this.topics = topics;
        this.batchBytes = batchBytes;
        this.lingerMs = lingerMs;
        this.ends = ends;
    }

    @Override
    public void setMailboxExecutor(MailboxExecutor mailbox) {
        super.setMailboxExecutor(mailbox);
        this.mailbox = mailbox;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        batches = new HashMap<>();
        next = new ConcurrentHashMap<>();
        readHere = new HashSet<>();
        // What was read is true whoever reads the partition now: every part may say that nothing more has come.
        nextState = context.getOperatorStateStore().getUnionListState(NEXT);
        for (Tuple2<String, Long> one : nextState.get()) next.merge(one.f0, one.f1, Math::max);
    }

    @Override
    public void open() throws Exception {
        super.open();
        ticker = new Thread(this::tick, "weir-ticks");
        ticker.setDaemon(true);
        ticker.start();
    }

    @Override
    public void processElement(StreamRecord<Tuple5<Integer, Integer, Long, Long, byte[]>> element) {
        Tuple5<Integer, Integer, Long, Long, byte[]> record = element.getValue();
        int topic = record.f0, partition = record.f1;
        Batch batch = batches.computeIfAbsent((long) topic << 32 | partition, id -> new Batch(sources.get(topic), nameOf(topic, partition)));
        batch.add(record.f2, record.f3, record.f4);
        String name = nameOf(topic, partition);
        next.put(name, record.f2 + 1);
        readHere.add(name);
        if (batch.bytes() >= batchBytes) emit(batch.take());
        else if (!isTimed) {
            isTimed = true;
            var clock = getProcessingTimeService();
            clock.registerTimer(clock.getCurrentProcessingTime() + lingerMs, at -> {
                isTimed = false;
                flush();
            });
        }
    }

    private String nameOf(int topic, int partition) {
        return topics.get(topic) + "-" + partition;
    }

    private void emit(byte[] frame) {
        output.collect(new StreamRecord<>(Tuple2.of(0, frame)));
    }

    private void flush() {
        for (Batch batch : batches.values()) if (!batch.isEmpty()) emit(batch.take());
    }

    // --- ticks ------------------------------------------------------------------------------------------------------

    /** On a thread of its own: a broker that does not answer must not hold up events, and then there is no tick. */
    private void tick() {
        while (!closed) try (Ends.Asked asked = ends.open()) {
            while (!closed) {
                long tickAt = System.currentTimeMillis();
                List<Ends.End> found = asked.now(next);
                mailbox.execute(() -> tick(tickAt, found), "weir: tick");
                Thread.sleep(TICK_EVERY_MS);
            }
        } catch (InterruptedException e) {
            return;
        } catch (Exception e) {
            LOG.warn("no tick, since it is not known how far the topics go: {}", e.toString());
            try {
                Thread.sleep(TICK_EVERY_MS);
            } catch (InterruptedException over) {
                return;
            }
        }
    }

    /** The ends were asked for after `tickAt`, so what is read to its end has given all that had arrived by then. */
    private void tick(long tickAt, List<Ends.End> found) {
        if (closed || hasEnded) return;
        ObjectNode header = Frames.object().put("arrivedAt", tickAt);
        ArrayNode read = header.putArray("partitions");
        for (Ends.End one : found) {
            String name = nameOf(one.topic(), one.partition());
            Long reached = next.get(name);
            // Others that read it may be far ahead of what is remembered of it here.
            if (reached != null && readHere.contains(name) && one.begin() > reached)
                throw new IllegalStateException("records " + reached + " to " + (one.begin() - 1) + " of " + name
                        + " were deleted before they were read: results would be wrong. Give the topic a longer retention");
            if (reached == null ? one.begin() == one.end() : reached >= one.end())
                read.addObject().put("source", sources.get(one.topic())).put("partition", name);
        }
        flush();
        emit(Frames.encode(Frames.TICK, header));
    }

    // --- barriers and the end ---------------------------------------------------------------------------------------

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        flush();
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        nextState.update(next.entrySet().stream().map(one -> Tuple2.of(one.getKey(), one.getValue())).toList());
    }

    @Override
    public void endInput() {
        hasEnded = true;
        flush();
    }

    @Override
    public void processWatermark(Watermark mark) {
        // The engine owns time.
    }

    @Override
    public void close() throws Exception {
        closed = true;
        if (ticker != null) ticker.interrupt();
        super.close();
    }
}
