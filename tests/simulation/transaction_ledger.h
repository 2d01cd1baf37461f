// TransactionLedger: what transactions were said to be, held against what readers of committed
// records get. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/topic_partition.h"

namespace millrace::simulation {

/// One record of a transaction. Its value in the log says which:
/// "producer-number:transaction:index".
struct TransactionRecord {
  int producer = 0;
  std::uint64_t transaction = 0;  // counts up over all lives of the producer
  int index = 0;                  // from 0 within the transaction

  auto operator<=>(const TransactionRecord&) const = default;
  std::string value() const;
  /// errors  nullopt for anything else than value() makes
  static std::optional<TransactionRecord> parse(std::string_view value);
};

enum class TransactionFate : std::uint8_t {
  kNotCommitted,  // nobody asked for a commit that could have been taken
  kUnknown,       // a commit was asked for, and nobody heard how it ended
  kCommitted
};

/// Invariants that it looks after:
///   - of a committed transaction every record is visible, once;
///   - of one that nobody committed none is, at any time;
///   - of one of which nobody knows either all are or none;
///   - transactions of one producer are visible in their order in each partition;
///   - what a reader of committed records got while the run went on is the beginning of what is
///     visible at the end: nothing was missed, and nothing seen that was taken back.
class TransactionLedger {
 public:
  void begun(int producer, std::uint64_t transaction);
  void sent(const TransactionRecord& record);
  /// The last word counts.
  void ended(int producer, std::uint64_t transaction, TransactionFate fate);

  std::size_t committed_count() const;

  using Log = std::vector<std::pair<Offset, std::string>>;
  /// What is visible of all partitions at the end.      returns the first thing that is wrong
  std::optional<std::string> check(const std::map<TopicPartition, Log>& visible) const;
  /// What a reader got meanwhile.                       returns the first thing that is wrong
  static std::optional<std::string> check_read(const std::map<TopicPartition, Log>& read,
                                               const std::map<TopicPartition, Log>& visible);

 private:
  using Key = std::pair<int, std::uint64_t>;
  struct Entry {
    int records = 0;
    TransactionFate fate = TransactionFate::kNotCommitted;
  };
  std::map<Key, Entry> transactions_;
};

}  // namespace millrace::simulation
