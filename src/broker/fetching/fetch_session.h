// FetchSession: what one client fetches again and again, so that it need name only what changes,
// and is told only that (KIP-227). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/topics/topic_table.h"
#include "model/uuid.h"
#include "wire/messages/fetch.h"

namespace millrace::broker {

/// Invariants
///   A partition is in it once, named by its topic's id or by its name, as all in this session are.
///   Partitions take turns: one that gave records goes behind the others, so that a busy one does
///   not use up the bytes of an answer for ever.
///   A topic's name is also kept where ids name topics: a topic that was there once and is deleted
///   is answered otherwise than one that never was.
class FetchSession {
 public:
  using Topics = std::vector<wire::FetchRequest::FetchTopic>;
  using Forgotten = std::vector<wire::FetchRequest::ForgottenTopic>;
  using Answers = std::vector<wire::FetchResponse::FetchableTopicResponse>;

  explicit FetchSession(NamedBy by) : by_(by) {}

  NamedBy named_by() const { return by_; }
  std::size_t size() const { return entries_.size(); }
  bool is_empty() const { return entries_.empty(); }

  /// From now on this is asked for too; what was asked for already, in these terms. Of a partition
  /// that is named twice the last terms count.
  void ask(const Topics& topics);
  void forget(const Forgotten& topics);
  /// All that is asked for, in turn.
  Topics asked() const;

  /// `answers` to all that is asked, in turn, are sent as they are.
  void note_sent(const Answers& answers);
  /// Of `answers` to all that is asked, in turn, leaves only the partitions that have something to
  /// say: records, an error, a divergence, a replica to read from, or offsets that have moved.
  void keep_changes(Answers& answers);

 private:
  struct SessionTopic {
    std::string name;
    Uuid id;
  };
  struct Entry {
    std::shared_ptr<const SessionTopic> topic;  // shared by what came in one request
    wire::FetchRequest::FetchPartition terms;
    // As last told to the client; -1 makes sure that they are told again.
    std::int64_t high_watermark = -1;
    std::int64_t log_start_offset = -1;
  };
  using Turn = std::list<Entry>::iterator;
  /// `name` is empty where the id counts.
  struct Key {
    std::string_view name;
    Uuid id;
    std::int32_t partition;

    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  Key key_of(std::string_view name, const Uuid& id, std::int32_t partition) const;
  bool take_changes(Entry& entry, const wire::FetchResponse::PartitionData& answer);

  NamedBy by_;
  std::list<Entry> entries_;                      // in turn
  std::unordered_map<Key, Turn, KeyHash> turns_;  // views into what the entries share
};

}  // namespace millrace::broker
