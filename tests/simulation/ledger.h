// Ledger: what producers were promised, held against what is in the log. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/topic_partition.h"

namespace millrace::simulation {

/// One record that a producer sent. Its value in the log says which: "producer-number:sequence".
struct Sent {
  int producer = 0;
  std::uint64_t sequence = 0;  // counts up from 0 over all that this producer sends

  auto operator<=>(const Sent&) const = default;
  std::string value() const;
  /// errors  nullopt for anything else than value() makes
  static std::optional<Sent> parse(std::string_view value);
};

/// Invariants that it looks after:
///   - a record that was acknowledged is in the log, at the offset that was said, for good;
///   - no offset is promised to two records, and no record is acknowledged twice;
///   - no record is in the log twice, whatever was retried;
///   - records of one producer lie in a partition in the order in which they were sent;
///   - offsets of a partition have no hole.
class Ledger {
 public:
  /// offset  kNoOffset when the broker only said that it has the record
  /// at      since the run began
  /// returns what is wrong with that: another record has the offset, or this one has another
  std::optional<std::string> acknowledged(const Sent& sent, const TopicPartition& partition,
                                          Offset offset, Millis at);
  std::size_t acknowledged_count() const { return acknowledged_.size(); }

  /// A consumer was given this record.        returns what is wrong with that
  std::optional<std::string> check_read(const TopicPartition& partition, Offset offset,
                                        std::string_view value) const;

  struct LogRecord {
    Offset offset;
    std::string value;
  };
  /// The whole log of a partition, at the end.       returns the first thing that is wrong with it
  std::optional<std::string> check_log(const TopicPartition& partition,
                                       const std::vector<LogRecord>& log) const;

 private:
  using Place = std::pair<TopicPartition, Offset>;
  struct Promise {
    Place place;
    Millis at;
  };

  std::map<Sent, Promise> acknowledged_;
  std::map<Place, Sent> by_place_;
};

}  // namespace millrace::simulation
