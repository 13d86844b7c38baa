package io.weir.flink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Consecutive records of one partition, as they become a `batch` frame: columns of numbers, then the records' bytes. */
final class Batch {
    private final String source;
    private final String partition;
    private double[] numbers = new double[256];
    private double[] arrivedAt = new double[256];
    private int[] lengths = new int[256];
    private ByteBuffer bytes = Bytes.little(16 << 10);
    private int count;

    Batch(String source, String partition) {
        this.source = source;
        this.partition = partition;
    }

    int bytes() {
        return bytes.position();
    }

    boolean isEmpty() {
        return count == 0;
    }

    void add(long number, long arrivedAtMs, byte[] record) {
        if (count == numbers.length) {
            numbers = Arrays.copyOf(numbers, count * 2);
            arrivedAt = Arrays.copyOf(arrivedAt, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        numbers[count] = number;
        arrivedAt[count] = arrivedAtMs;
        lengths[count++] = record.length;
        bytes = Bytes.room(bytes, record.length).put(record);
    }

    /** The frame; the batch is empty then. */
    byte[] take() {
        byte[] header = Frames.object().put("source", source).put("partition", partition).put("count", count)
                .toString().getBytes(StandardCharsets.UTF_8);
        int length = Frames.HEAD_BYTES - 4 + header.length + count * 24 + bytes.position();
        ByteBuffer frame = Bytes.little(4 + length).putInt(length).put(Frames.BATCH).putInt(header.length).put(header);
        for (int i = 0; i < count; i++) frame.putDouble(numbers[i]);
        for (int i = 0; i < count; i++) frame.putDouble(arrivedAt[i]);
        for (int i = 0, start = 0; i < count; start += lengths[i++]) frame.putInt(start);
        for (int i = 0; i < count; i++) frame.putInt(lengths[i]);
        frame.put(bytes.flip());
        bytes.clear();
        count = 0;
        return frame.array();
    }
}
