package io.weir.flink;

import java.nio.ByteBuffer;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.streaming.api.operators.Output;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/** What leaves a stage: records for people and others, and frames for later stages. */
final class Outputs {
    static final TypeInformation<byte[]> BYTES = PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;
    /** For a part of a stage: a key group of it, and a whole frame. */
    static final TypeInformation<Tuple2<Integer, byte[]>> FRAME = Types.TUPLE(Types.INT, BYTES);
    /** For people and others: the output, key and value. */
    static final TypeInformation<Tuple3<String, byte[], byte[]>> RECORD = Types.TUPLE(Types.STRING, BYTES, BYTES);

    private Outputs() {}

    static OutputTag<Tuple2<Integer, byte[]>> toStage(int stage) {
        return new OutputTag<>("stage-" + stage, FRAME);
    }

    /** A `records` frame: n × (u32 key length, key, u32 value length, value). */
    static void emitRecords(Output<StreamRecord<Tuple3<String, byte[], byte[]>>> output, Frames.Frame frame) {
        String name = frame.header().get("output").asText();
        ByteBuffer rest = frame.rest();
        while (rest.hasRemaining()) output.collect(new StreamRecord<>(Tuple3.of(name, block(rest), block(rest))));
    }

    private static byte[] block(ByteBuffer from) {
        byte[] bytes = new byte[from.getInt()];
        from.get(bytes);
        return bytes;
    }

    static void emitFrame(Output<?> output, StagePlan plan, int stage, int part, byte[] frame) {
        output.collect(toStage(stage), new StreamRecord<>(Tuple2.of(plan.groupOf(stage, part), frame)));
    }

    /** For every part of every later stage. */
    static void emitToAll(Output<?> output, StagePlan plan, byte[] frame) {
        for (int stage = plan.stage() + 1; stage < plan.stages(); stage++)
            for (int part = 0; part < plan.partsOf(stage); part++) emitFrame(output, plan, stage, part, frame);
    }
}
