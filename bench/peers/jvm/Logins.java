package peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Reads a file of JSON lines in blocks of 512 KiB, as Weir's run does, and prints one JSON line of figures. */
final class Logins {
  interface Sink {
    void take(Login login) throws Exception;
  }

  static long matches;

  static void run(String path, Sink sink) throws Exception {
    ObjectReader reader = new ObjectMapper().readerFor(Login.class);
    byte[] buffer = new byte[512 * 1024];
    int filled = 0;
    long events = 0;
    long bytes = 0;
    long start = System.nanoTime();
    try (FileInputStream in = new FileInputStream(path)) {
      for (int read; (read = in.read(buffer, filled, buffer.length - filled)) > 0; ) {
        bytes += read;
        int from = 0;
        for (int i = filled; i < filled + read; i++) {
          if (buffer[i] != '\n') continue;
          sink.take(reader.readValue(buffer, from, i - from));
          events++;
          from = i + 1;
        }
        filled = filled + read - from;
        System.arraycopy(buffer, from, buffer, 0, filled);
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(Locale.ROOT,
        "{\"events\":%d,\"matches\":%d,\"seconds\":%.3f,\"eventsPerSecond\":%.1f,\"megabytesPerSecond\":%.1f,\"residentBytes\":%d}%n",
        events, matches, seconds, events / seconds, bytes / seconds / 1e6, residentBytes());
  }

  /** Resident memory as Linux counts it; 0 elsewhere. */
  private static long residentBytes() throws Exception {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return 0;
    for (String line : Files.readAllLines(status))
      if (line.startsWith("VmRSS")) return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
    return 0;
  }
}
