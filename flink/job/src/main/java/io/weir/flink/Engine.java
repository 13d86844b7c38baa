package io.weir.flink;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An engine process: frames go in on its standard input and come out on its standard output. */
class Engine {
    /** The engine has ended, or cannot go on. */
    static final class Gone extends IOException {
        Gone(String why) {
            super(why);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);
    private static final String LAST_WORD = "weir-last-word ";
    /** Stands for the end of what the engine says. */
    private static final byte[] END = new byte[0];

    private final Process process;
    private final OutputStream in;
    private final Thread words;
    private final long answerNanos;
    private final LinkedBlockingQueue<byte[]> replies = new LinkedBlockingQueue<>();
    private final AtomicInteger owed = new AtomicInteger();
    private volatile Runnable onReply;
    private volatile long lastAnswer;
    private volatile JsonNode lastWord;
    private volatile String stuckFor;

    Engine(List<String> command, long answerSeconds, Runnable onReply) throws IOException {
        this.onReply = onReply;
        answerNanos = TimeUnit.SECONDS.toNanos(answerSeconds);
        ProcessBuilder builder = new ProcessBuilder(command);
        // Rules are other people's code: nothing of this machine's environment is theirs to read.
        builder.environment().clear();
        process = builder.start();
        in = process.getOutputStream();
        thread("read", this::read);
        words = thread("words", this::listen);
        thread("watch", this::watch);
    }

    private Thread thread(String what, Runnable work) {
        Thread thread = new Thread(work, "weir-engine-" + what + "-" + process.pid());
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    long pid() {
        return process.pid();
    }

    /** Whoever uses it from now on is told of replies. */
    void onReply(Runnable onReply) {
        this.onReply = onReply;
    }

    /** Sends one whole frame; blocks while the engine takes nothing. */
    void send(byte[] frame, boolean owesAnswer) throws IOException {
        if (owesAnswer) {
            if (owed.get() == 0) lastAnswer = System.nanoTime();
            owed.incrementAndGet();
        }
        in.write(frame);
        in.flush();
    }

    /** Sends a frame that is not answered, and ends an engine that does not take it. */
    void sendWatched(byte[] frame) throws IOException {
        lastAnswer = System.nanoTime();
        owed.incrementAndGet();
        send(frame, false);
        owed.decrementAndGet();
    }

    /** The next whole frame of the engine; null: there is none, and nobody waits. */
    byte[] reply(boolean isWaiting) throws InterruptedException, Gone {
        byte[] frame = isWaiting ? replies.take() : replies.poll();
        if (frame != END) return frame;
        replies.add(END);
        throw new Gone("the engine process " + process.pid() + " has ended: " + why());
    }

    /** What it said before it ended, or null. Waits a little, since it comes another way than answers do. */
    JsonNode lastWord() throws InterruptedException {
        words.join(2000);
        return lastWord;
    }

    /** Did it end by itself, as V8 ends a process whose memory runs out? */
    boolean hasAborted() throws InterruptedException {
        process.waitFor(2, TimeUnit.SECONDS);
        return !process.isAlive() && process.exitValue() >= 132 && process.exitValue() <= 134;
    }

    private String why() throws InterruptedException {
        process.waitFor(2, TimeUnit.SECONDS);
        String exit = process.isAlive() ? "it closed its output" : "exit code " + process.exitValue();
        return stuckFor == null ? exit : stuckFor;
    }

    boolean isIdle() {
        return process.isAlive() && owed.get() == 0 && replies.isEmpty();
    }

    /** Reading and writing both block on a stuck engine, so it takes a third party to end it. */
    private void watch() {
        try {
            while (!process.waitFor(200, TimeUnit.MILLISECONDS)) {
                if (owed.get() <= 0 || System.nanoTime() - lastAnswer < answerNanos) continue;
                stuckFor = "it owed an answer for more than " + TimeUnit.NANOSECONDS.toSeconds(answerNanos) + " s";
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void read() {
        try (DataInputStream out = new DataInputStream(process.getInputStream())) {
            while (true) {
                int length = Integer.reverseBytes(out.readInt());
                if (length < 5 || length > Frames.FRAME_MAX_BYTES) throw new IOException("a frame of " + length + " bytes");
                byte[] frame = new byte[4 + length];
                for (int i = 0; i < 4; i++) frame[i] = (byte) (length >>> 8 * i);
                out.readFully(frame, 4, length);
                byte type = frame[4];
                if (type == Frames.DONE || type == Frames.READY) {
                    lastAnswer = System.nanoTime();
                    owed.decrementAndGet();
                }
                replies.add(frame);
                onReply.run();
            }
        } catch (IOException | RuntimeException e) {
            replies.add(END);
            onReply.run();
        }
    }

    private void listen() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            for (String line; (line = lines.readLine()) != null; ) {
                if (line.startsWith(LAST_WORD)) lastWord = wordOf(line);
                else LOG.warn("engine {}: {}", process.pid(), line);
            }
        } catch (IOException e) {
            // It has ended; its end is dealt with by whoever reads its answers.
        }
    }

    /** The word before, if it was cut off in the midst of this one. */
    private JsonNode wordOf(String line) {
        try {
            return Frames.JSON.readTree(line.substring(LAST_WORD.length()));
        } catch (IOException e) {
            return lastWord;
        }
    }

    void close() {
        try {
            if (isIdle()) in.write(Frames.encode(Frames.CLOSE, Frames.object()));
            in.close();
        } catch (IOException e) {
            // It has ended already.
        }
        try {
            if (!process.waitFor(isIdle() ? 2000 : 0, TimeUnit.MILLISECONDS)) process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
