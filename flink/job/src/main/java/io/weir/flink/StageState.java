package io.weir.flink;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.StateInitializationContext;

/** What a stage keeps with Flink: chunks by key group, and what has no key. */
final class StageState {
    /** A frame of chunks holds about so many bytes. */
    private static final int FRAME_BYTES = 4 << 20;
    private static final MapStateDescriptor<Integer, byte[]> CHUNKS = new MapStateDescriptor<>("weir-chunks", Types.INT, Outputs.BYTES);
    private static final ListStateDescriptor<byte[]> WITHOUT_KEY = new ListStateDescriptor<>("weir-without-key", Outputs.BYTES);

    private final MapState<Integer, byte[]> chunks;
    private final ListState<byte[]> withoutKey;
    /** Of the snapshot at hand. */
    private final List<byte[]> newWithoutKey = new ArrayList<>();
    long bytesMoved;
    long chunksMoved;

    StageState(StateInitializationContext context, boolean isKeyed) throws Exception {
        chunks = isKeyed ? context.getKeyedStateStore().getMapState(CHUNKS) : null;
        withoutKey = context.getOperatorStateStore().getUnionListState(WITHOUT_KEY);
    }

    /** Takes in a `state` frame; the key of its key group is the current one. */
    void store(Frames.Frame frame) throws Exception {
        bytesMoved += frame.rest().remaining();
        if (frame.header().get("keyGroup").asInt() == Frames.NO_KEY_GROUP) {
            newWithoutKey.add(frame.restBytes());
            return;
        }
        for (ByteBuffer rest = frame.rest(); rest.hasRemaining(); chunksMoved++) {
            int number = rest.getInt();
            byte[] bytes = new byte[rest.getInt()];
            rest.get(bytes);
            if (bytes.length == 0) chunks.remove(number);
            else chunks.put(number, bytes);
        }
    }

    void commitWithoutKey() throws Exception {
        withoutKey.update(new ArrayList<>(newWithoutKey));
        newWithoutKey.clear();
    }

    /** `restore` frames of what has no key. */
    List<byte[]> restoredWithoutKey() throws Exception {
        List<byte[]> frames = new ArrayList<>();
        for (byte[] bytes : withoutKey.get()) frames.add(restore(Frames.NO_KEY_GROUP, ByteBuffer.wrap(bytes)));
        return frames;
    }

    interface FrameSink {
        void take(byte[] frame) throws Exception;
    }

    /** `restore` frames of the key group whose key is the current one. */
    void restoreGroup(int group, FrameSink to) throws Exception {
        ByteBuffer waiting = Bytes.little(64 << 10);
        for (Map.Entry<Integer, byte[]> chunk : chunks.entries()) {
            byte[] bytes = chunk.getValue();
            waiting = Bytes.room(waiting, 8 + bytes.length);
            waiting.putInt(chunk.getKey()).putInt(bytes.length).put(bytes);
            if (waiting.position() < FRAME_BYTES) continue;
            to.take(restore(group, waiting.flip()));
            waiting.clear();
        }
        if (waiting.position() > 0) to.take(restore(group, waiting.flip()));
    }

    private static byte[] restore(int group, ByteBuffer rest) {
        return Frames.encode(Frames.RESTORE, Frames.object().put("keyGroup", group), rest);
    }
}
