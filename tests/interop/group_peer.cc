// A member of a group that says what it has and what it reads, one line each, until SIGTERM:
//   group_peer BOOTSTRAP GROUP TOPIC|~PATTERN [PROPERTY=VALUE…]
//   assigned TOPIC-PARTITION,…    all it has, after each change; "lost" before it when it lost some
//   record PARTITION OFFSET KEY VALUE   committed after the line; "uncommitted" when that met a
//   rebalance
// Words are separated by tabs. What fails ends it, with a line on stderr.
#include <fmt/format.h>

#include <csignal>
#include <iostream>
#include <set>
#include <string>

#include "client/consumer.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

volatile std::sig_atomic_t is_to_leave = 0;

class Member {
 public:
  int run(int argc, char** argv) {
    Properties properties{{"bootstrap.servers", argv[1]},    {"group.id", argv[2]},
                          {"group.protocol", "consumer"},    {"enable.auto.commit", "false"},
                          {"auto.offset.reset", "earliest"}, {"metadata.max.age.ms", "500"}};
    for (int i = 4; i < argc; ++i) {
      const std::string word = argv[i];
      const auto equals = word.find('=');
      properties.set(word.substr(0, equals), word.substr(equals + 1));
    }
    auto made = Consumer::create(properties,
                                 {.listener = {.on_assigned = [this](auto parts) { take(parts); },
                                               .on_revoked = [this](auto parts) { give_up(parts); },
                                               .on_lost =
                                                   [this](auto parts) {
                                                     std::cout << "lost\n";
                                                     give_up(parts);
                                                   }}});
    if (!made.ok()) return fail(made.error());
    Consumer consumer = std::move(made).value();
    const std::string topic = argv[3];
    const Status subscribed = topic.starts_with('~')
                                  ? consumer.subscribe(SubscriptionPattern::of(topic.substr(1)))
                                  : consumer.subscribe({topic});
    if (!subscribed.ok()) return fail(subscribed.error());
    while (is_to_leave == 0) {
      if (const Status status = read(consumer); !status.ok()) return fail(status.error());
    }
    const Status closed = consumer.close();
    return closed.ok() ? 0 : fail(closed.error());
  }

 private:
  static Status read(Consumer& consumer) {
    const auto polled = consumer.poll(Millis{100});
    if (!polled.ok()) return polled.error();
    if (polled->empty()) return {};
    for (const auto& part : *polled) {
      for (const auto& record : part.records) {
        std::cout << fmt::format("record\t{}\t{}\t{}\t{}\n", part.partition.partition.value(),
                                 record.offset.value(), record.key.value_or(""),
                                 record.value.value_or(""));
      }
    }
    std::cout.flush();
    Status committed = consumer.commit_sync();
    if (committed.ok() || !wire::needs_rejoin(committed.error())) return committed;
    std::cout << "uncommitted\n" << std::flush;  // poll() finishes the rebalance that it met
    return {};
  }
  void take(std::span<const TopicPartition> partitions) {
    held_.insert(partitions.begin(), partitions.end());
    tell();
  }
  void give_up(std::span<const TopicPartition> partitions) {
    for (const auto& each : partitions) held_.erase(each);
    tell();
  }
  void tell() const {
    std::cout << fmt::format("assigned\t{}\n", fmt::join(held_, ",")) << std::flush;
  }
  static int fail(const Error& error) {
    std::cerr << error.to_string() << "\n";
    return 1;
  }

  std::set<TopicPartition> held_;
};

}  // namespace
}  // namespace millrace::client

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "wanted BOOTSTRAP GROUP TOPIC|~PATTERN [PROPERTY=VALUE...]\n";
    return 2;
  }
  std::signal(SIGTERM, [](int) { millrace::client::is_to_leave = 1; });
  return millrace::client::Member().run(argc, argv);
}
