package io.weir.flink;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.StreamTaskActionExecutor;
import org.apache.flink.streaming.runtime.tasks.mailbox.Mail;
import org.apache.flink.streaming.runtime.tasks.mailbox.MailboxExecutorImpl;
import org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailbox;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.TwoInputStreamOperatorTestHarness;

/** All parts of all stages of a job, and what is on its way between them: in order from one part to another, else as a seed says. */
final class HarnessJob {
    record Given(String output, byte[] key, byte[] value) {}

    private record Part(int stage, int part, TwoInputStreamOperatorTestHarness<Tuple2<Integer, byte[]>, byte[], Tuple3<String, byte[], byte[]>> harness) {}

    private record Channel(String from, String to) {}

    private static final String CONTROL = "control";

    private StagePlan plan;
    private final Engines engines;
    private final ControlLog control;
    private final Random random;
    private final Map<String, Part> parts = new LinkedHashMap<>();
    private final Map<Channel, Deque<byte[]>> channels = new LinkedHashMap<>();
    private final List<Given> given = new ArrayList<>();
    private final Map<Integer, OperatorSubtaskState> saved = new LinkedHashMap<>();
    private long checkpoint;

    HarnessJob(StagePlan plan, Engines engines, ControlLog control, long seed) throws Exception {
        this.plan = plan;
        this.engines = engines;
        this.control = control;
        random = new Random(seed);
        open(Map.of(), plan);
    }

    private static String nameOf(int stage, int part) {
        return stage + " " + part;
    }

    private void open(Map<Integer, OperatorSubtaskState> states, StagePlan before) throws Exception {
        parts.clear();
        for (int stage = -1; stage < plan.stages(); stage++) for (int part = 0; part < plan.partsOf(stage); part++) {
            var harness = harness(stage, part);
            harness.setup();
            OperatorSubtaskState state = states.get(stage);
            if (state != null)
                harness.initializeState(AbstractStreamOperatorTestHarness.repartitionOperatorState(state, KeyGroups.COUNT, before.partsOf(stage), plan.partsOf(stage), part));
            harness.open();
            parts.put(nameOf(stage, part), new Part(stage, part, harness));
        }
        for (Part part : parts.values()) collect(part);
    }

    private TwoInputStreamOperatorTestHarness<Tuple2<Integer, byte[]>, byte[], Tuple3<String, byte[], byte[]>> harness(int stage, int part) throws Exception {
        StageOperator operator = new StageOperator(plan.at(stage), engines, control);
        int parallelism = plan.partsOf(stage);
        var harness = stage < 0
                ? new TwoInputStreamOperatorTestHarness<>(operator, KeyGroups.COUNT, parallelism, part)
                : new KeyedTwoInputStreamOperatorTestHarness<>(operator, new KeyGroups(), null, Types.INT, KeyGroups.COUNT, parallelism, part);
        operator.setMailboxExecutor(new MailboxExecutorImpl(harness.getTaskMailbox(), 0, StreamTaskActionExecutor.IMMEDIATE));
        return harness;
    }

    // --- what comes in ----------------------------------------------------------------------------------------------

    void frame(int part, byte[] frame) throws Exception {
        channel("source", nameOf(-1, part)).add(frame);
        deliverSome();
    }

    void control(ControlLog.Entry entry) throws Exception {
        for (String name : parts.keySet()) channel(CONTROL, name).add(entry.frame());
        deliverSome();
    }

    private Deque<byte[]> channel(String from, String to) {
        return channels.computeIfAbsent(new Channel(from, to), any -> new ArrayDeque<>());
    }

    private void deliverSome() throws Exception {
        for (int left = random.nextInt(6); left > 0 && deliverOne(); left--) continue;
    }

    void drain() throws Exception {
        while (deliverOne()) continue;
    }

    private boolean deliverOne() throws Exception {
        List<Map.Entry<Channel, Deque<byte[]>>> waiting = channels.entrySet().stream().filter(one -> !one.getValue().isEmpty()).toList();
        if (waiting.isEmpty()) return false;
        var next = waiting.get(random.nextInt(waiting.size()));
        byte[] frame = next.getValue().remove();
        Part to = parts.get(next.getKey().to());
        if (next.getKey().from().equals(CONTROL)) to.harness().processElement2(new StreamRecord<>(frame));
        else to.harness().processElement1(new StreamRecord<>(Tuple2.of(to.stage() < 0 ? 0 : plan.groupOf(to.stage(), to.part()), frame)));
        collect(to);
        return true;
    }

    // --- what comes out ---------------------------------------------------------------------------------------------

    /** Waits until the part has answered everything, and puts what it gave on its way. */
    private void collect(Part part) throws Exception {
        runMails(part);
        part.harness().prepareSnapshotPreBarrier(checkpoint);
        for (Tuple3<String, byte[], byte[]> record : part.harness().extractOutputValues())
            given.add(new Given(record.f0, record.f1, record.f2));
        part.harness().getOutput().clear();
        for (int stage = part.stage() + 1; stage < plan.stages(); stage++) {
            var frames = part.harness().getSideOutput(Outputs.toStage(stage));
            if (frames == null) continue;
            for (StreamRecord<Tuple2<Integer, byte[]>> frame; (frame = frames.poll()) != null; ) {
                int group = frame.getValue().f0, to = 0;
                int[] bounds = KeyGroups.bounds(plan.partsOf(stage));
                while (bounds[to + 1] <= group) to++;
                channel(nameOf(part.stage(), part.part()), nameOf(stage, to)).add(frame.getValue().f1);
            }
        }
    }

    private static void runMails(Part part) throws Exception {
        TaskMailbox mailbox = part.harness().getTaskMailbox();
        for (Optional<Mail> mail; (mail = mailbox.tryTake(0)).isPresent(); ) mail.get().run();
    }

    List<Given> takeGiven() {
        List<Given> taken = List.copyOf(given);
        given.clear();
        return taken;
    }

    // --- its ends ---------------------------------------------------------------------------------------------------

    /** A stage has ended when those before it have. */
    void finish() throws Exception {
        drain();
        for (int stage = -1; stage < plan.stages(); stage++) {
            for (Part part : parts.values()) if (part.stage() == stage) {
                ((StageOperator) part.harness().getOperator()).finish();
                collect(part);
            }
            drain();
        }
    }

    /** A savepoint, and a job of other widths that begins at it. */
    void restore(int[] parallelism) throws Exception {
        drain();
        StagePlan before = plan;
        Map<Integer, List<OperatorSubtaskState>> states = new LinkedHashMap<>();
        checkpoint++;
        for (Part part : parts.values())
            states.computeIfAbsent(part.stage(), any -> new ArrayList<>()).add(part.harness().snapshot(checkpoint, checkpoint));
        close();
        plan = new StagePlan(-1, parallelism, plan.partitions(), plan.window(), plan.controlBase());
        Map<Integer, OperatorSubtaskState> merged = new LinkedHashMap<>();
        for (var one : states.entrySet())
            merged.put(one.getKey(), AbstractStreamOperatorTestHarness.repackageState(one.getValue().toArray(OperatorSubtaskState[]::new)));
        channels.clear();
        open(merged, before);
    }

    /** Ends the engine process of a part that the seed says. */
    void kill() {
        List<Part> all = List.copyOf(parts.values());
        ((StageOperator) all.get(random.nextInt(all.size())).harness().getOperator()).enginePid().ifPresent(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    }

    /** Parts that have failed say so once more when they are closed. */
    void abandon() {
        for (Part part : parts.values()) try {
            part.harness().close();
        } catch (Exception e) {
            // It is known why.
        }
    }

    void close() throws Exception {
        for (Part part : parts.values()) part.harness().close();
    }
}
