package io.weir.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The process itself, with shells that stand in for an engine. */
class EngineTest {
    private static Engine shell(String script) throws Exception {
        return new Engine(List.of("/bin/sh", "-c", script), 30, () -> {});
    }

    @Test
    void theLastOfManyWordsIsTheOneThatCounts() throws Exception {
        String says = "i=0; while [ $i -lt 3000 ]; do echo \"weir-last-word {\\\"number\\\":$i}\" >&2; i=$((i+1)); done; kill -ABRT $$";
        for (int i = 0; i < 20; i++) {
            Engine engine = shell(says);
            assertThrows(Engine.Gone.class, () -> engine.reply(true));
            assertEquals(2999, engine.lastWord().get("number").asInt());
            assertTrue(engine.hasAborted());
        }
    }

    @Test
    void anEngineThatTakesNoFrameIsEnded() throws Exception {
        Engine engine = new Engine(List.of("/bin/sleep", "100"), 1, () -> {});
        byte[] restore = Frames.encode(Frames.RESTORE, Frames.object().put("keyGroup", 1), java.nio.ByteBuffer.allocate(1 << 20));
        assertThrows(java.io.IOException.class, () -> engine.sendWatched(restore));
        assertTrue(assertThrows(Engine.Gone.class, () -> engine.reply(true)).getMessage().contains("owed an answer for more than 1 s"));
    }

    @Test
    void aLineThatIsNoWordSilencesNobody() throws Exception {
        Engine engine = shell("echo 'weir-last-word {' >&2; echo 'weir-last-word {\"number\":1}' >&2");
        assertThrows(Engine.Gone.class, () -> engine.reply(true));
        assertEquals(1, engine.lastWord().get("number").asInt());
    }
}
