package peers;

import io.siddhi.core.SiddhiAppRuntime;
import io.siddhi.core.SiddhiManager;
import io.siddhi.core.event.Event;
import io.siddhi.core.stream.input.InputHandler;
import io.siddhi.core.stream.output.StreamCallback;

/** Siddhi, synchronous, time is the event's: SiddhiLogins LOGINS.ndjson burst|pairs. */
public final class SiddhiLogins {
  private static final String LOGIN = "@app:playback define stream Login(user string, outcome string); ";
  private static final String BURST = "from Login[outcome=='failure']#window.time(60 sec)"
      + " select user, count() as n group by user having n >= 10 insert into Out;";
  private static final String PAIRS = "from every a=Login[outcome=='failure']"
      + " -> b=Login[outcome=='success' and user==a.user] within 60 sec select a.user as user insert into Out;";

  public static void main(String[] words) throws Exception {
    SiddhiAppRuntime runtime =
        new SiddhiManager().createSiddhiAppRuntime(LOGIN + (words[1].equals("burst") ? BURST : PAIRS));
    runtime.addCallback("Out", new StreamCallback() {
      @Override
      public void receive(Event[] events) {
        Logins.matches += events.length;
      }
    });
    InputHandler input = runtime.getInputHandler("Login");
    runtime.start();
    Logins.run(words[0], login ->
        input.send(login.getTimestamp(), new Object[] {login.getUser(), login.getOutcome()}));
    System.exit(0);
  }
}
