package peers;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/** A login as Jackson fills it: the fields that the queries read. */
@JsonIgnoreProperties(ignoreUnknown = true)
public class Login {
  private long timestamp;
  private String user;
  private String outcome;

  public long getTimestamp() { return timestamp; }
  public String getUser() { return user; }
  public String getOutcome() { return outcome; }

  public void setTimestamp(long value) { timestamp = value; }
  public void setUser(String value) { user = value; }
  public void setOutcome(String value) { outcome = value; }
}
