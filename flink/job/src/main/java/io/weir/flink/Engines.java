package io.weir.flink;

import java.io.IOException;
import java.io.Serializable;

/** Where operators get their engine processes from, and give them back to. */
interface Engines extends Serializable {
    Engine take(Runnable onReply) throws IOException;

    void giveBack(Engine engine);

    /** A process for each life of an operator. */
    static Engines of(String node, String bundle, long answerSeconds) {
        return new Engines() {
            @Override
            public Engine take(Runnable onReply) throws IOException {
                return new Engine(Bundle.in(bundle).command(node), answerSeconds, onReply);
            }

            @Override
            public void giveBack(Engine engine) {
                engine.close();
            }
        };
    }
}
