package io.weir.flink;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;

/**
 * One part of a stage: supervises an engine process. Frames come in and are sent on as they are; what the engine answers
 * goes to later stages and to the outputs. It holds no detection logic, and no time: Flink's watermarks decide nothing.
 * Answers come in the order of what was asked, and a barrier passes only when nothing is under way.
 */
final class StageOperator extends AbstractStreamOperator<Tuple3<String, byte[], byte[]>>
        implements TwoInputStreamOperator<Tuple2<Integer, byte[]>, byte[], Tuple3<String, byte[], byte[]>> {
    private final StagePlan plan;
    private final Engines engines;
    private final ControlLog control;

    private transient MailboxExecutor mailbox;
    private transient volatile boolean replyPending, closed;
    private transient Engine engine;
    private transient StageState state;
    private transient Culprits culprits;
    /** Frames that owe a `done`, in order. */
    private transient ArrayDeque<byte[]> underWay;
    private transient Told told;
    private transient Ahead ahead;
    private transient volatile JsonNode counts;

    StageOperator(StagePlan plan, Engines engines, ControlLog control) {
        this.plan = plan;
        this.engines = engines;
        this.control = control;
    }

    // --- life -------------------------------------------------------------------------------------------------------

    @Override
    public void setMailboxExecutor(MailboxExecutor mailbox) {
        super.setMailboxExecutor(mailbox);
        this.mailbox = mailbox;
    }

    @Override
    public boolean hasKeyContext1() {
        // Elements are for many keys; the state's key is set where state is touched.
        return false;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        long began = System.nanoTime();
        var task = getRuntimeContext().getTaskInfo();
        if (task.getNumberOfParallelSubtasks() != plan.parts())
            throw new IllegalStateException("stage " + plan.stage() + " runs in " + task.getNumberOfParallelSubtasks()
                    + " parts, and the job was planned for " + plan.parts() + ": submit it again with another parallelism");
        int part = task.getIndexOfThisSubtask();
        state = new StageState(context, plan.stage() >= 0);
        underWay = new ArrayDeque<>();
        culprits = new Culprits(control, getRuntimeContext().getJobInfo().getJobId() + " " + plan.stage() + " " + part);
        engine = engines.take(this::onReply);
        engine.send(plan.open(part), true);
        // Read while the process starts: where the broker is far away, both take seconds.
        var log = control.readToEnd();
        if (Frames.typeOf(engine.reply(true)) != Frames.READY) throw new IllegalStateException("the engine is not ready");
        told = new Told(context);
        List<ControlLog.Entry> before = context.isRestored() ? told.before() : told.first(log, plan.controlBase());
        for (ControlLog.Entry entry : before) tellAtFirst(entry);
        long restored = context.isRestored() ? restore() : 0;
        send(plan.start());
        // Those that were parked when a job begins anew; later parks are in what is restored.
        if (!context.isRestored()) for (ControlLog.Entry entry : before) if (ControlFrames.atFirst(entry) == null) tellEngine(entry, false);
        for (String name : List.of("read", "undecodable", "duplicates", "late", "results"))
            getMetricGroup().gauge("weir_" + name, () -> counts == null ? 0L : counts.path(name).asLong());
        for (String name : List.of("clock", "newest"))
            getMetricGroup().gauge("weir_" + name, () -> counts == null ? "" : counts.path(name).asText());
        LOG.info("stage {} part {}: engine {} is ready in {} ms, {} bytes restored", plan.stage(), part, engine.pid(),
                (System.nanoTime() - began) / 1_000_000, restored);
        if (plan.stage() >= 0) {
            ahead = new Ahead();
            storeAhead();
        }
        // What was written since: told when there is somebody to pass it on to.
        mailbox.execute(() -> {
            // What an engine ended at is read again by the part that matches it.
            for (ControlLog.Entry entry : log) tell(entry, plan.stage() < 0);
        }, "weir: what the control topic says");
    }

    /** Before the engine begins; nothing is owed for it. */
    private void tellAtFirst(ControlLog.Entry entry) throws Exception {
        byte[] frame = entry.isFirst() || !entry.isRules() ? ControlFrames.atFirst(entry) : ControlFrames.later(entry, false);
        if (frame != null) engine.send(frame, false);
    }

    private long restore() throws Exception {
        long[] bytes = {0};
        // A frame that is taken is an answer: an engine that hangs in the midst of it is ended too.
        StageState.FrameSink sink = frame -> {
            bytes[0] += frame.length;
            engine.sendWatched(frame);
        };
        for (byte[] frame : state.restoredWithoutKey()) sink.take(frame);
        if (plan.stage() < 0) return bytes[0];
        for (int group : ((AbstractKeyedStateBackend<?>) getKeyedStateBackend()).getKeyGroupRange()) {
            setCurrentKey(KeyGroups.KEY[group]);
            state.restoreGroup(group, sink);
        }
        return bytes[0];
    }

    @Override
    public void finish() throws Exception {
        settle();
        send(Frames.encode(Frames.FINISH, Frames.object()));
        settle();
        super.finish();
    }

    @Override
    public void close() throws Exception {
        closed = true;
        if (engine != null) engines.giveBack(engine);
        super.close();
    }

    /** For those who watch it. */
    OptionalLong enginePid() {
        return engine == null ? OptionalLong.empty() : OptionalLong.of(engine.pid());
    }

    // --- in ---------------------------------------------------------------------------------------------------------

    @Override
    public void processElement1(StreamRecord<Tuple2<Integer, byte[]>> record) throws Exception {
        byte[] frame = record.getValue().f1;
        if (Frames.typeOf(frame) == Frames.CONTROL) tell(ControlLog.Entry.of(frame), false);
        else send(frame);
    }

    @Override
    public void processElement2(StreamRecord<byte[]> record) throws Exception {
        tell(ControlLog.Entry.of(record.getValue()), false);
    }

    @Override
    public void processWatermark1(Watermark mark) {
        // The engine owns time.
    }

    @Override
    public void processWatermark2(Watermark mark) {
        // The engine owns time.
    }

    @Override
    protected void processWatermarkStatus(WatermarkStatus status, int input) {
        // The engine says which partitions are idle.
    }

    /**
     * Tells the engine of a record of the control topic, if it does not know it. Later parts hear of it before anything
     * that follows from it: rows name rules by numbers, which all parts give in this order.
     */
    private void tell(ControlLog.Entry entry, boolean comesAgain) throws Exception {
        if (!told.isNews(entry)) return;
        tellEngine(entry, comesAgain);
        Outputs.emitToAll(output, plan, entry.frame());
    }

    private void tellEngine(ControlLog.Entry entry, boolean comesAgain) throws Exception {
        byte[] frame = ControlFrames.later(entry, comesAgain);
        if (frame != null) send(frame);
    }

    // --- to and from the engine -------------------------------------------------------------------------------------

    private void send(byte[] frame) throws Exception {
        try {
            while (underWay.size() >= plan.window()) take(engine.reply(true));
            boolean owesDone = Frames.owesDone(Frames.typeOf(frame));
            if (owesDone && culprits.isProbing()) engine.send(Frames.encode(Frames.PROBE, Frames.object()), false);
            engine.send(frame, owesDone);
            if (owesDone) underWay.add(frame);
        } catch (IOException gone) {
            throw failed(gone);
        }
    }

    /** Takes every answer: nothing is under way afterwards. */
    private void settle() throws Exception {
        try {
            while (!underWay.isEmpty()) take(engine.reply(true));
        } catch (Engine.Gone gone) {
            throw failed(gone);
        }
    }

    private void take(byte[] bytes) throws Exception {
        Frames.Frame frame = Frames.decode(bytes);
        switch (frame.type()) {
            case Frames.DONE -> {
                underWay.remove();
                if (!frame.header().isEmpty()) counts = frame.header();
            }
            case Frames.ROUTE -> {
                byte[] routed = Frames.encode(Frames.ROUTED, Frames.object(), frame.rest());
                Outputs.emitFrame(output, plan, frame.header().get("stage").asInt(), frame.header().get("part").asInt(), routed);
            }
            case Frames.WATERMARK -> Outputs.emitToAll(output, plan, bytes);
            case Frames.RECORDS -> Outputs.emitRecords(output, frame);
            case Frames.STATE -> store(frame);
            case Frames.PARKED -> culprits.publish(frame.header().get("parks"));
            case Frames.EDITED, Frames.RELEASED -> LOG.info("stage {}: {}", plan.stage(), frame.header());
            case Frames.FAULT -> throw new IllegalStateException("engine fault: " + frame.header().path("message").asText());
            default -> throw new IllegalStateException("the engine said a frame of type " + frame.type());
        }
    }

    /** On the reader's thread: let the task's own thread take the answers. */
    private void onReply() {
        if (replyPending || closed || mailbox == null) return;
        replyPending = true;
        try {
            mailbox.execute(() -> {
                replyPending = false;
                if (closed) return;
                try {
                    for (byte[] reply; (reply = engine.reply(false)) != null; ) take(reply);
                } catch (Engine.Gone gone) {
                    throw failed(gone);
                }
            }, "weir: answers of the engine");
        } catch (RejectedExecutionException taskIsOver) {
            replyPending = false;
        }
    }

    /** The engine has ended: what it had answered is taken in, and whoever it is laid to is parked before it comes again. */
    private Exception failed(IOException why) throws Exception {
        try {
            for (byte[] reply; (reply = engine.reply(true)) != null; ) {
                if (Frames.typeOf(reply) == Frames.DONE) underWay.poll();
                if (Frames.typeOf(reply) == Frames.FAULT)
                    return new IllegalStateException("engine fault: " + Frames.decode(reply).header().path("message").asText());
            }
        } catch (Engine.Gone end) {
            culprits.blame(engine, underWay.peek());
            return end;
        }
        return why;
    }

    // --- state ------------------------------------------------------------------------------------------------------

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        settle();
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        long began = System.nanoTime();
        settle();
        long chunks = state.chunksMoved, bytes = state.bytesMoved;
        send(snapshot("changed"));
        settle();
        state.commitWithoutKey();
        long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        LOG.info("weir checkpoint {} stage {}: {} chunks, {} bytes in {} ms", context.getCheckpointId(), plan.stage(),
                state.chunksMoved - chunks, state.bytesMoved - bytes, tookMs);
    }

    private static byte[] snapshot(String mode) {
        return Frames.encode(Frames.SNAPSHOT, Frames.object().put("mode", mode));
    }

    /** Changed chunks are stored as time goes by, so that few are left for a barrier. */
    private void storeAhead() {
        var clock = getProcessingTimeService();
        clock.registerTimer(clock.getCurrentProcessingTime() + ahead.nextMs(state), at -> {
            if (closed) return;
            send(snapshot("ahead"));
            storeAhead();
        });
    }

    private void store(Frames.Frame frame) throws Exception {
        int group = frame.header().get("keyGroup").asInt();
        if (group != Frames.NO_KEY_GROUP) setCurrentKey(KeyGroups.KEY[group]);
        state.store(frame);
    }
}
