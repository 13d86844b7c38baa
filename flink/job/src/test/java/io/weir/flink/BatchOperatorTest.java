package io.weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple5;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.StreamTaskActionExecutor;
import org.apache.flink.streaming.runtime.tasks.mailbox.Mail;
import org.apache.flink.streaming.runtime.tasks.mailbox.MailboxExecutorImpl;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

class BatchOperatorTest {
    /** What the broker says; static, since operators are copied. */
    private static volatile List<Ends.End> ends = List.of();

    private static final Ends BROKER = () -> new Ends.Asked() {
        @Override
        public List<Ends.End> now(java.util.Map<String, Long> next) {
            return ends;
        }

        @Override
        public void close() {}
    };

    private static OneInputStreamOperatorTestHarness<Tuple5<Integer, Integer, Long, Long, byte[]>, Tuple2<Integer, byte[]>> open(OperatorSubtaskState state) throws Exception {
        BatchOperator operator = new BatchOperator(List.of("logins"), List.of("topic"), 100, 10, BROKER);
        var harness = new OneInputStreamOperatorTestHarness<>(operator);
        operator.setMailboxExecutor(new MailboxExecutorImpl(harness.getTaskMailbox(), 0, StreamTaskActionExecutor.IMMEDIATE));
        harness.setup();
        if (state != null) harness.initializeState(state);
        harness.open();
        return harness;
    }

    private static StreamRecord<Tuple5<Integer, Integer, Long, Long, byte[]>> record(int partition, long offset, String value) {
        return new StreamRecord<>(Tuple5.of(0, partition, offset, 1000 + offset, value.getBytes()));
    }

    private static List<Frames.Frame> frames(OneInputStreamOperatorTestHarness<?, Tuple2<Integer, byte[]>> harness) throws Exception {
        List<Frames.Frame> frames = new ArrayList<>();
        for (Object one : harness.extractOutputValues()) frames.add(Frames.decode(((Tuple2<Integer, byte[]>) one).f1));
        harness.getOutput().clear();
        return frames;
    }

    @Test
    void recordsOfAPartitionAreOneFrameAndNoneStaysBehindABarrier() throws Exception {
        ends = List.of();
        try (var harness = open(null)) {
            harness.processElement(record(0, 7, "{}"));
            harness.processElement(record(1, 3, "{\"a\":1}"));
            harness.processElement(record(0, 8, "[]"));
            assertEquals(0, frames(harness).stream().filter(one -> one.type() == Frames.BATCH).count());
            harness.prepareSnapshotPreBarrier(1);
            List<Frames.Frame> batches = frames(harness).stream().filter(one -> one.type() == Frames.BATCH).toList();
            assertEquals(2, batches.size());
            assertEquals("{\"source\":\"logins\",\"partition\":\"topic-0\",\"count\":2}", batches.get(0).header().toString());
            assertEquals(7.0, batches.get(0).rest().getDouble(0));
            assertEquals(1008.0, batches.get(0).rest().getDouble(8 * 3));
        }
    }

    @Test
    void aFullBatchLeavesAtOnceAndAHalfFullOneSoon() throws Exception {
        ends = List.of();
        try (var harness = open(null)) {
            harness.processElement(record(0, 0, "x".repeat(120)));
            assertEquals(1, frames(harness).stream().filter(one -> one.type() == Frames.BATCH).count());
            harness.processElement(record(0, 1, "y"));
            harness.setProcessingTime(harness.getProcessingTime() + 11);
            assertEquals(1, frames(harness).stream().filter(one -> one.type() == Frames.BATCH).count());
        }
    }

    @Test
    void aTickNamesThePartitionsThatWereReadToTheirEnds() throws Exception {
        ends = List.of(new Ends.End(0, 0, 0, 2), new Ends.End(0, 1, 0, 5), new Ends.End(0, 2, 4, 4));
        OperatorSubtaskState state;
        try (var harness = open(null)) {
            harness.processElement(record(0, 1, "{}"));
            harness.processElement(record(1, 1, "{}"));
            assertEquals("[\"topic-0\",\"topic-2\"]", namesOf(nextTick(harness)));
            state = harness.snapshot(1, 1);
        }
        // Whoever goes on knows what was read, though it reads nothing.
        try (var harness = open(state)) {
            assertEquals("[\"topic-0\",\"topic-2\"]", namesOf(nextTick(harness)));
        }
    }

    @Test
    void recordsThatWereDeletedBeforeTheyWereReadAreALoudFailure() throws Exception {
        ends = List.of(new Ends.End(0, 0, 9, 12));
        try (var harness = open(null)) {
            harness.processElement(record(0, 1, "{}"));
            Exception failure = null;
            try {
                nextTick(harness);
            } catch (Exception e) {
                failure = e;
            }
            assertTrue(failure != null && failure.getMessage().contains("records 2 to 8 of topic-0 were deleted before they were read"), String.valueOf(failure));
        }
    }

    @Test
    void whatIsDeletedOfPartitionsThatOthersReadIsNoFailure() throws Exception {
        ends = List.of(new Ends.End(0, 0, 0, 2), new Ends.End(0, 1, 0, 0));
        OperatorSubtaskState state;
        try (var harness = open(null)) {
            harness.processElement(record(0, 1, "{}"));
            nextTick(harness);
            state = harness.snapshot(1, 1);
        }
        // It goes on elsewhere, up to where it is deleted as time goes by; here it was read in a former life only.
        ends = List.of(new Ends.End(0, 0, 9, 12), new Ends.End(0, 1, 0, 0));
        try (var harness = open(state)) {
            assertEquals("[\"topic-1\"]", namesOf(nextTick(harness)));
        }
    }

    @Test
    void noTickComesBehindTheEnd() throws Exception {
        ends = List.of(new Ends.End(0, 0, 0, 0));
        try (var harness = open(null)) {
            nextTick(harness);
            harness.endInput();
            for (long until = System.currentTimeMillis() + 1500; System.currentTimeMillis() < until; Thread.sleep(20))
                for (Optional<Mail> mail; (mail = harness.getTaskMailbox().tryTake(0)).isPresent(); ) mail.get().run();
            assertEquals(List.of(), frames(harness));
        }
    }

    private static Frames.Frame nextTick(OneInputStreamOperatorTestHarness<Tuple5<Integer, Integer, Long, Long, byte[]>, Tuple2<Integer, byte[]>> harness) throws Exception {
        for (long until = System.currentTimeMillis() + 10_000; System.currentTimeMillis() < until; Thread.sleep(20)) {
            for (Optional<Mail> mail; (mail = harness.getTaskMailbox().tryTake(0)).isPresent(); ) mail.get().run();
            for (Frames.Frame one : frames(harness)) if (one.type() == Frames.TICK) return one;
        }
        throw new AssertionError("no tick came");
    }

    private static String namesOf(Frames.Frame tick) {
        var names = Frames.JSON.createArrayNode();
        tick.header().get("partitions").forEach(one -> names.add(one.get("partition")));
        return names.toString();
    }
}
