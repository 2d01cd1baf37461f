// Transactions of our client, told line by line: each line of stdin is one call, of words with tabs
// between them, and is answered by one line: "ok", a value, or the kind of the error and its text.
//   open NAME PROPERTY=VALUE…        makes a producer
//   NAME init|begin|commit|abort|flush|close [MS]
//   NAME send TOPIC PARTITION VALUE [KEY]
//   NAME offsets GROUP TOPIC PARTITION OFFSET [GENERATION MEMBER]
//   NAME copy GROUP FROM TO COUNT    reads as a member of GROUP and writes each value of FROM to
//   TO,
//                                    in transactions of which every third is aborted, until COUNT
//                                    values were committed
//   NAME transfer                    runs the code of the guide, with a producer of its own
//   NAME time TOPIC COUNT            microseconds that a commit of one record takes, the median
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "client/consumer.h"
#include "client/producer.h"
#include "io/env.h"

namespace millrace::client {
namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  Words words(1);
  for (const char letter : line) {
    if (letter == '\t') {
      words.emplace_back();
    } else {
      words.back() += letter;
    }
  }
  return words;
}

std::string text_of(const TransactionStatus& status) {
  if (status.ok()) return "ok";
  constexpr const char* kKinds[] = {"invalid call", "retriable", "abortable", "fatal"};
  return fmt::format("{}: {}", kKinds[static_cast<std::size_t>(status.kind())],
                     status.error().message);
}
std::string text_of(const Status& status) {
  return status.ok() ? "ok" : "error: " + status.error().to_string();
}

struct Peer {
  Properties properties;
  Producer producer;
};

Properties consumer_properties(const Peer& peer, const std::string& group) {
  return {{"bootstrap.servers", *peer.properties.find("bootstrap.servers")},
          {"group.id", group},
          {"enable.auto.commit", "false"},
          {"isolation.level", "read_committed"},
          {"auto.offset.reset", "earliest"},
          {"max.poll.records", "10"}};
}

// The code of docs/guides/transactions.md stands between the marks.

Result<Producer> make_till(const std::string& brokers) {
  // [make]
  auto producer =
      Producer::create({{"bootstrap.servers", brokers}, {"transactional.id", "till-7"}});
  if (!producer.ok()) return producer.error();
  if (auto ready = producer->init_transactions(); !ready.ok()) return ready.error();
  // [end]
  return producer;
}

// [transaction]
TransactionStatus transfer(Producer& producer) {
  if (auto begun = producer.begin_transaction(); !begun.ok()) return begun;
  (void)producer.send({.topic = "debits", .key = "alice", .value = "10"});
  (void)producer.send({.topic = "credits", .key = "bob", .value = "10"});
  return producer.commit_transaction();
}
// [end]

// [kinds]
TransactionStatus transfer_surely(Producer& producer) {
  for (;;) {
    TransactionStatus ended = transfer(producer);
    while (!ended.ok() && ended.kind() == TransactionErrorKind::kRetriable) {
      ended = producer.commit_transaction();  // goes on with the same one
    }
    if (ended.ok() || ended.kind() != TransactionErrorKind::kAbortable) return ended;
    TransactionStatus aborted = producer.abort_transaction();
    while (!aborted.ok() && aborted.kind() == TransactionErrorKind::kRetriable) {
      aborted = producer.abort_transaction();
    }
    if (!aborted.ok()) return aborted;
  }
}
// [end]

std::string transfer_between_accounts(const Peer& peer) {
  auto producer = make_till(*peer.properties.find("bootstrap.servers"));
  if (!producer.ok()) return text_of(Status(producer.error()));
  return text_of(transfer_surely(*producer));
}

// [copy]
TransactionStatus copy_once(Producer& producer, Consumer& consumer, const PolledRecords& polled,
                            const std::string& to) {
  if (auto begun = producer.begin_transaction(); !begun.ok()) return begun;
  OffsetsToCommit offsets;
  for (const PartitionRecords& part : polled) {
    for (const RecordView& record : part.records) {
      (void)producer.send({.topic = to, .key = record.key, .value = record.value});
    }
    offsets[part.partition] = {part.next_offset};
  }
  return producer.send_offsets_to_transaction(offsets, consumer.group_metadata());
}
// [end]

std::string copy(Peer& peer, const Words& words) {
  auto consumer = Consumer::create(consumer_properties(peer, words.at(2)));
  if (!consumer.ok()) return text_of(Status(consumer.error()));
  if (auto status = consumer->subscribe({words.at(3)}); !status.ok()) return text_of(status);
  std::size_t left = std::stoul(words.at(5));
  for (int turn = 1; left > 0; ++turn) {
    auto polled = consumer->poll(Millis{1000});
    if (!polled.ok()) return text_of(Status(polled.error()));
    if (polled->empty()) continue;
    const bool is_to_be_aborted = turn % 3 == 0;
    auto status = copy_once(peer.producer, *consumer, *polled, words.at(4));
    if (!status.ok()) return text_of(status);
    status =
        is_to_be_aborted ? peer.producer.abort_transaction() : peer.producer.commit_transaction();
    if (!status.ok()) return text_of(status);
    if (!is_to_be_aborted) {
      left -= std::min(left, polled->count());
      continue;
    }
    for (const PartitionRecords& part : *polled) {  // once more
      if (part.records.empty()) continue;
      if (auto sought = consumer->seek(part.partition, part.records.front().offset); !sought.ok()) {
        return text_of(sought);
      }
    }
  }
  return text_of(consumer->close());
}

std::string time_commits(Peer& peer, const Words& words) {
  const auto env = io::make_system_env();
  const Clock& clock = env->clock();
  std::vector<std::int64_t> took;
  for (std::size_t i = 0; i < std::stoul(words.at(3)); ++i) {
    if (auto begun = peer.producer.begin_transaction(); !begun.ok()) return text_of(begun);
    const MonotonicTime begin = clock.monotonic();
    (void)peer.producer.send({.topic = words.at(2), .partition = PartitionId{0}, .value = "v"});
    if (auto ended = peer.producer.commit_transaction(); !ended.ok()) return text_of(ended);
    took.push_back(
        std::chrono::duration_cast<std::chrono::microseconds>(clock.monotonic() - begin).count());
  }
  std::sort(took.begin(), took.end());
  return std::to_string(took[took.size() / 2]);
}

std::string send_offsets(Peer& peer, const Words& words) {
  const TopicPartition partition{words.at(3), PartitionId{std::stoi(words.at(4))}};
  ConsumerGroupMetadata group{.group_id = words.at(2)};
  if (words.size() > 7) {
    group.generation = std::stoi(words[6]);
    group.member_id = words[7];
  }
  return text_of(peer.producer.send_offsets_to_transaction(
      {{partition, {Offset{std::stol(words.at(5))}}}}, group));
}

std::string perform(Peer& peer, const Words& words) {
  const std::string& what = words.at(1);
  std::optional<Millis> timeout;
  const bool may_have_timeout = what == "init" || what == "commit" || what == "abort";
  if (may_have_timeout && words.size() > 2) timeout = Millis{std::stol(words[2])};
  Producer& producer = peer.producer;
  if (what == "init") return text_of(producer.init_transactions(timeout));
  if (what == "begin") return text_of(producer.begin_transaction());
  if (what == "commit") return text_of(producer.commit_transaction(timeout));
  if (what == "abort") return text_of(producer.abort_transaction(timeout));
  if (what == "flush") return text_of(producer.flush());
  if (what == "close") return text_of(producer.close());
  if (what == "offsets") return send_offsets(peer, words);
  if (what == "copy") return copy(peer, words);
  if (what == "transfer") return transfer_between_accounts(peer);
  if (what == "time") return time_commits(peer, words);
  ProducerRecord record{
      .topic = words.at(2), .partition = PartitionId{std::stoi(words.at(3))}, .value = words.at(4)};
  if (words.size() > 5) record.key = words[5];
  const auto sent = producer.send(record);
  return sent.ok() ? "ok" : text_of(Status(sent.error()));
}

Result<Peer> open(const Words& words) {
  Properties properties;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    properties.set(words[i].substr(0, equals), words[i].substr(equals + 1));
  }
  auto producer = Producer::create(properties);
  if (!producer.ok()) return producer.error();
  return Peer{std::move(properties), std::move(producer).value()};
}

int run() {
  std::map<std::string, Peer> peers;
  for (std::string line; std::getline(std::cin, line);) {
    const Words words = words_of(line);
    std::string answer = "ok";
    if (words[0] == "open") {
      auto peer = open(words);
      if (peer.ok()) {
        peers.emplace(words.at(1), std::move(peer).value());
      } else {
        answer = text_of(Status(peer.error()));
      }
    } else {
      answer = perform(peers.at(words[0]), words);
    }
    std::cout << answer << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace millrace::client

int main() {
  return millrace::client::run();
}
