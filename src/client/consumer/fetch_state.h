// FetchState: which partitions a consumer reads, from where, what was fetched ahead, and what is
// fetched next. Pure.
//
// A partition has two offsets: its position, after the last record that poll() gave out, and the
// offset of the next fetch, after the last batch that has arrived. Each has the epoch of the record
// before it, if that is known: when a later leader may not have that record, the offset is checked
// before anything is fetched (KIP-320).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/cluster/metadata_cache.h"
#include "client/config/client_config.h"
#include "client/consumer/fetch_plan.h"
#include "client/consumer/fetched_records.h"
#include "model/topic_partition.h"

namespace millrace::client {

/// Where a partition without a position gets it from.
enum class PositionSource { kCommitted, kEarliest, kLatest };

/// Whether what was read before `offset`, the last of it in `epoch`, is still there, is to be asked
/// of the leader of `leader_epoch`.
struct PositionCheck {
  TopicPartition partition;
  Offset offset;
  LeaderEpoch epoch;
  LeaderEpoch leader_epoch;
  std::uint64_t ticket = 0;  // as that of a PlannedPart
};

/// Where an epoch ends in a log; without an offset, the log does not know the epoch nor one before.
struct EpochEnd {
  LeaderEpoch epoch = kNoLeaderEpoch;
  Offset offset = kNoOffset;
};

/// What was read is no longer there.
struct Truncation {
  Offset position;
  EpochEnd diverges_at;  // without an offset when even that is not known
};

struct FetchPlanConfig {
  std::size_t partition_bytes_max = 1'048'576;
  std::size_t total_bytes_max = 52'428'800;
  std::size_t fetches_per_broker_max = 2;  // and one more for records that are known to be there
  ReadOptions read_options = {};
};

class FetchState {
 public:
  explicit FetchState(const FetchPlanConfig& config) : config_(config) {}

  // ── What is read ──

  /// Keeps what is known of partitions that stay.
  void set_assignment(const std::vector<TopicPartition>& partitions);
  bool is_assigned(const TopicPartition& partition) const;
  std::vector<TopicPartition> assignment() const;
  /// False when it is not assigned.
  bool pause(const TopicPartition& partition);
  bool resume(const TopicPartition& partition);
  std::vector<TopicPartition> paused() const;

  // ── Positions ──

  /// Drops what was fetched ahead.
  /// epoch  of the record before `offset`, when it is known
  bool seek(const TopicPartition& partition, Offset offset, LeaderEpoch epoch = kNoLeaderEpoch);
  /// sound_under  the leader of that epoch has what is before `offset`
  bool seek(const TopicPartition& partition, Offset offset, LeaderEpoch epoch,
            LeaderEpoch sound_under);
  /// The same, to a place that has to be asked for first.
  bool seek(const TopicPartition& partition, PositionSource source);
  std::optional<Offset> position(const TopicPartition& partition) const;
  LeaderEpoch position_epoch(const TopicPartition& partition) const;
  std::optional<std::int64_t> lag(const TopicPartition& partition) const;
  /// Partitions that need a position from `source` and are not being asked about; they are then.
  std::vector<TopicPartition> take_unpositioned(PositionSource source);
  /// Whether `partition` waits for an answer from `source`. After a seek it does not: what comes
  /// then answers a question that nobody asks any more.
  bool awaits_position(const TopicPartition& partition, PositionSource source) const;
  /// The answer of `source`. Ignored when it is not waited for.
  void set_position(const TopicPartition& partition, PositionSource source, Offset offset,
                    LeaderEpoch epoch = kNoLeaderEpoch);
  /// Asking `source` failed: it is to be asked again. Ignored when it is not waited for.
  void retry_position(const TopicPartition& partition, PositionSource source);
  void set_error(const TopicPartition& partition, Error error);

  // ── Checks of positions ──

  /// What the leader says. What was fetched ahead and is gone is dropped; the truncation reaches
  /// whoever reads only when what poll() gave out is gone too, and is returned then: the partition
  /// is to be sought elsewhere, or set_error(). Ignored when the check is out of date.
  std::optional<Truncation> on_checked(const PositionCheck& check, EpochEnd end);
  /// There is nobody to ask who could tell.
  void on_uncheckable(const PositionCheck& check);
  /// Checks again at `retry_at`.
  void on_check_failed(const PositionCheck& check, MonotonicTime retry_at);
  /// Where the log of the partition left what was read of it, until it is sought.
  void note_divergence(const TopicPartition& partition, Offset offset);
  std::optional<Offset> divergence(const TopicPartition& partition) const;

  // ── Replicas ──

  /// The leader named a replica that is nearer: it is fetched from until `until`.
  void read_from(const PlannedPart& part, BrokerId replica, MonotonicTime until);
  /// Fetches from the leader again. Whether it was fetched from a replica.
  bool read_from_leader(const TopicPartition& partition);

  // ── Fetching ──

  using LeaderOf = std::function<std::optional<PartitionLeader>(const TopicPartition&)>;
  /// What to fetch now, by broker; those partitions count as in flight until on_fetched() or
  /// on_fetch_failed(). Those whose leader is unknown are left out, and has_leaderless says so.
  struct Plan {
    std::map<BrokerId, FetchPlan> requests;
    /// By leader. Each is answered by on_checked(), on_uncheckable() or on_check_failed().
    std::map<BrokerId, std::vector<PositionCheck>> checks;
    bool has_leaderless = false;
  };
  Plan plan(const LeaderOf& leader_of, MonotonicTime now);
  void on_fetched(const PlannedPart& part, FetchedPart fetched);
  /// Fetches again at `retry_at`.
  void on_fetch_failed(const PlannedPart& part, MonotonicTime retry_at);
  void on_request_done(BrokerId broker);
  /// Whether `part` is what the partition waits for.
  bool is_current(const PlannedPart& part) const;
  /// The next time after `now` at which a partition may be fetched again.
  std::optional<MonotonicTime> next_retry(MonotonicTime now) const;

  // ── Giving out ──

  /// The next partition, in turn, that has records or an error to give out; null when none has.
  struct Ready {
    const TopicPartition* name;
    FetchedRecords* records;
  };
  std::optional<Ready> next_ready();
  /// What else the partition has to give out; null when nothing.
  FetchedRecords* ready_records(const TopicPartition& partition);
  /// The first error of a partition, which is then cleared.
  std::optional<Error> take_error();
  /// After records were read out: moves the position and drops what is done. True when there may be
  /// room to fetch more.
  bool advance(const TopicPartition& partition);
  bool has_ready() const;

 private:
  struct ReadReplica {
    BrokerId broker;
    MonotonicTime until;
  };
  struct Partition {
    std::optional<Offset> position;
    LeaderEpoch position_epoch = kNoLeaderEpoch;
    Offset fetch_offset{0};
    LeaderEpoch fetch_epoch = kNoLeaderEpoch;
    LeaderEpoch sound_under = kNoLeaderEpoch;  // a leader of this epoch has what was read
    PositionSource source = PositionSource::kCommitted;
    bool source_asked = false;
    bool is_paused = false;
    bool in_flight = false;
    bool in_check = false;
    std::optional<ReadReplica> replica;
    std::optional<Offset> divergence;
    std::uint64_t ticket = 0;
    MonotonicTime retry_at{};
    std::deque<FetchedRecords> buffered;
    std::size_t buffered_bytes = 0;
    Offset readable_end = kNoOffset;  // as the last answer told
    std::optional<Error> error;
  };
  Partition* find(const TopicPartition& partition);
  const Partition* find(const TopicPartition& partition) const;
  void drop_buffered(Partition& partition);
  bool may_ask(const Partition& partition, MonotonicTime now) const;
  static bool needs_check(const Partition& partition, const PartitionLeader& leader);
  PositionCheck begin_check(const TopicPartition& name, Partition& partition,
                            const PartitionLeader& leader);
  Partition* in_check(const PositionCheck& check);
  static BrokerId whom_to_ask(Partition& partition, const PartitionLeader& leader,
                              MonotonicTime now);

  FetchPlanConfig config_;
  std::map<TopicPartition, Partition> partitions_;
  std::map<BrokerId, std::size_t> fetches_in_flight_;
  std::size_t buffered_bytes_ = 0;
  std::uint64_t next_ticket_ = 1;
  TopicPartition last_given_;  // so that partitions take turns
};

}  // namespace millrace::client
