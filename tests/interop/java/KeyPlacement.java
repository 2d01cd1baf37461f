import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/** Reads lines "PARTITIONS KEY", the key in hexadecimal, and writes which partition the Java client gives each key. */
public final class KeyPlacement {
    private KeyPlacement() {}

    public static void main(String[] arguments) throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
             BufferedWriter out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int space = line.indexOf(' ');
                byte[] key = HexFormat.of().parseHex(line, space + 1, line.length());
                int partitions = Integer.parseInt(line.substring(0, space));
                out.write(Integer.toString(BuiltInPartitioner.partitionForKey(key, partitions)));
                out.newLine();
            }
        }
    }
}
