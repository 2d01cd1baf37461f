// Kafka Streams at work on bids as JSON: the same two topologies as bench/streams_load.cc, written as its users
// would, with its defaults but for the store in memory and lz4.
//   StreamsLoad filter|window BROKERS TOPIC RECORDS
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.Stores;

public final class StreamsLoad {
  private static final long FILTER_MODULUS = 123;
  private static final Duration WINDOW = Duration.ofSeconds(10);
  private static final JsonFactory JSON = new JsonFactory();

  private record Bid(long auction, long price) {}

  // A streaming parser that stops once it has both fields.
  private static Bid parse(byte[] json) {
    long auction = -1;
    long price = -1;
    try (JsonParser parser = JSON.createParser(json)) {
      parser.nextToken();
      while ((auction < 0 || price < 0) && parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        if (field.equals("auction")) {
          auction = parser.getLongValue();
        } else if (field.equals("price")) {
          price = parser.getLongValue();
        }
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    return new Bid(auction, price);
  }

  private static void build(StreamsBuilder builder, String mode, String input, String output, AtomicLong processed) {
    var bids = builder.stream(input, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()));
    var counted = bids.peek((key, value) -> processed.lazySet(processed.getPlain() + 1));
    if (mode.equals("filter")) {
      counted.filter((key, value) -> parse(value).auction() % FILTER_MODULUS == 0)
          .to(output, Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
      return;
    }
    Materialized<byte[], Long, org.apache.kafka.streams.state.WindowStore<org.apache.kafka.common.utils.Bytes, byte[]>>
        store = Materialized.as(
            Stores.inMemoryWindowStore("highest", WINDOW.multipliedBy(2), WINDOW, false));
    counted.mapValues(value -> parse(value).price())
        .groupByKey(Grouped.with(Serdes.ByteArray(), Serdes.Long()))
        .windowedBy(TimeWindows.ofSizeAndGrace(WINDOW, WINDOW))
        .aggregate(() -> 0L, (key, price, highest) -> Math.max(price, highest),
            store.withKeySerde(Serdes.ByteArray()).withValueSerde(Serdes.Long()))
        .toStream()
        .to(output, Produced.with(
            new WindowedSerdes.TimeWindowedSerde<>(Serdes.ByteArray(), WINDOW.toMillis()), Serdes.Long()));
  }

  private static long cpuNanos() {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime();
  }

  public static void main(String[] arguments) throws Exception {
    String mode = arguments[0];
    String brokers = arguments[1];
    String input = arguments[2];
    long records = Long.parseLong(arguments[3]);
    String name = input + "-" + mode + "-peer-" + System.nanoTime() % 1_000_000;

    try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers))) {
      admin.createTopics(List.of(new NewTopic(name, 4, (short) 1).configs(Map.of("retention.ms", "-1")))).all().get();
    }
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, name);
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("streams-load").toString());
    properties.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
    properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");

    AtomicLong processed = new AtomicLong();
    StreamsBuilder builder = new StreamsBuilder();
    build(builder, mode, input, name, processed);
    try (KafkaStreams streams = new KafkaStreams(builder.build(), properties)) {
      streams.start();
      while (processed.get() < records / 4) Thread.sleep(5);
      long before = processed.get();
      long wallStarted = System.nanoTime();
      long cpuStarted = cpuNanos();
      while (processed.get() < records) Thread.sleep(5);
      double seconds = (System.nanoTime() - wallStarted) / 1e9;
      double cpu = cpuNanos() - cpuStarted;
      long count = records - before;
      System.out.printf("{\"records_per_s\": %.0f, \"cpu_ns_per_record\": %.1f}%n", count / seconds, cpu / count);
    }
  }
}
