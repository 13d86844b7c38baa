package peers;

import com.espertech.esper.common.client.configuration.Configuration;
import com.espertech.esper.common.client.util.EventTypeBusModifier;
import com.espertech.esper.common.client.util.NameAccessModifier;
import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.compiler.client.EPCompilerProvider;
import com.espertech.esper.runtime.client.EPEventService;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import com.espertech.esper.runtime.client.EPStatement;

/** Esper (called through its API only): EsperLogins LOGINS.ndjson burst|pairs. Time is the event's. */
public final class EsperLogins {
  private static final String BURST = "select user, count(*) as n from Login(outcome='failure')#time(60 sec)"
      + " group by user having count(*) >= 10";
  private static final String PAIRS = "select a.user as user from pattern [every a=Login(outcome='failure')"
      + " -> b=Login(outcome='success' and user=a.user) where timer:within(60 sec)]";

  public static void main(String[] words) throws Exception {
    Configuration configuration = new Configuration();
    configuration.getCommon().addEventType("Login", Login.class);
    configuration.getCompiler().getByteCode().setAccessModifierEventType(NameAccessModifier.PUBLIC);
    configuration.getCompiler().getByteCode().setBusModifierEventType(EventTypeBusModifier.BUS);
    configuration.getRuntime().getThreading().setInternalTimerEnabled(false);
    EPRuntime runtime = EPRuntimeProvider.getDefaultRuntime(configuration);
    EPEventService service = runtime.getEventService();
    service.clockExternal();
    service.advanceTime(0);
    String query = words[1].equals("burst") ? BURST : PAIRS;
    var compiled = EPCompilerProvider.getCompiler().compile(query, new CompilerArguments(configuration));
    for (EPStatement statement : runtime.getDeploymentService().deploy(compiled).getStatements())
      statement.addListener((added, removed, of, by) -> {
        if (added != null) Logins.matches += added.length;
      });
    Logins.run(words[0], login -> {
      service.advanceTime(login.getTimestamp());
      service.sendEventBean(login, "Login");
    });
  }
}
