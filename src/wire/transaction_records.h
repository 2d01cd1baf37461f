// The records of __transaction_state, and what a control batch says when a transaction ends, in
// Kafka's formats. A null value in __transaction_state forgets the transactional id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/field.h"

namespace millrace::wire {

/// Whose transaction.
struct TransactionLogKey {
  static constexpr std::string_view kName = "TransactionLogKey";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::string transactional_id;

  bool operator==(const TransactionLogKey&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&TransactionLogKey::transactional_id, Field{"transactional_id"});
  }
};

/// How it stands. v1 is flexible and serves KIP-890: the ids before and after the one in use, the
/// epoch that the next transaction takes, and the protocol that the client speaks.
struct TransactionLogValue {
  static constexpr std::string_view kName = "TransactionLogValue";
  static constexpr VersionRange kVersions{0, 1};
  static constexpr std::int16_t kFlexibleSince = 1;

  struct PartitionsSchema {
    std::string topic;
    std::vector<std::int32_t> partition_ids;

    bool operator==(const PartitionsSchema&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&PartitionsSchema::topic, Field{"topic"});
      visit(&PartitionsSchema::partition_ids, Field{"partition_ids"});
    }
  };

  std::int64_t producer_id = 0;
  std::int64_t previous_producer_id = -1;
  std::int64_t next_producer_id = -1;
  std::int16_t producer_epoch = 0;
  std::int16_t next_producer_epoch = -1;
  std::int32_t transaction_timeout_ms = 0;
  std::int8_t transaction_status = 0;
  std::optional<std::vector<PartitionsSchema>> transaction_partitions =
      std::vector<PartitionsSchema>{};
  std::int64_t transaction_last_update_timestamp_ms = 0;
  std::int64_t transaction_start_timestamp_ms = 0;
  std::int16_t client_transaction_version = 0;

  bool operator==(const TransactionLogValue&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = TransactionLogValue;
    visit(&S::producer_id, Field{"producer_id"});
    visit(&S::previous_producer_id, Field{"previous_producer_id"}.tagged(0).since(1));
    visit(&S::next_producer_id, Field{"next_producer_id"}.tagged(1).since(1));
    visit(&S::producer_epoch, Field{"producer_epoch"});
    visit(&S::transaction_timeout_ms, Field{"transaction_timeout_ms"});
    visit(&S::transaction_status, Field{"transaction_status"});
    visit(&S::transaction_partitions, Field{"transaction_partitions"}.nullable());
    visit(&S::transaction_last_update_timestamp_ms, Field{"transaction_last_update_timestamp_ms"});
    visit(&S::transaction_start_timestamp_ms, Field{"transaction_start_timestamp_ms"});
    visit(&S::client_transaction_version, Field{"client_transaction_version"}.tagged(2).since(1));
    visit(&S::next_producer_epoch, Field{"next_producer_epoch"}.tagged(3).since(1));
  }
};

/// Kafka's numbers for the state of a transaction (`transaction_status`).
enum class TransactionState : std::int8_t {
  kEmpty = 0,
  kOngoing = 1,
  kPrepareCommit = 2,
  kPrepareAbort = 3,
  kCompleteCommit = 4,
  kCompleteAbort = 5,
  kDead = 6,
  kPrepareEpochFence = 7,
};

/// The key of a control record; Kafka's specification calls it ControlRecordTypeSchema.
struct ControlRecordKey {
  static constexpr std::string_view kName = "ControlRecordTypeSchema";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::int16_t type = 0;

  bool operator==(const ControlRecordKey&) const = default;
  static constexpr void fields(auto&& visit) { visit(&ControlRecordKey::type, Field{"type"}); }
};

/// Values of ControlRecordKey::type that end a transaction.
inline constexpr std::int16_t kAbortMarkerType = 0;
inline constexpr std::int16_t kCommitMarkerType = 1;

/// The value of the control record that ends a transaction: the epoch of the coordinator that
/// decided, so that one which was replaced cannot end it again.
struct EndTxnMarker {
  static constexpr std::string_view kName = "EndTxnMarker";
  static constexpr VersionRange kVersions{0, 0};
  static constexpr std::int16_t kFlexibleSince = Field::kNewest;

  std::int32_t coordinator_epoch = 0;

  bool operator==(const EndTxnMarker&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&EndTxnMarker::coordinator_epoch, Field{"coordinator_epoch"});
  }
};

/// The bytes of a key or value: the version, then the fields of that version.
/// errors  kTooLarge (a string over 32767 bytes); kUnsupported (a value that v0 cannot carry)
Result<std::string> encode_transaction_record(const TransactionLogKey& key);
Result<std::string> encode_transaction_record(const TransactionLogValue& value,
                                              std::int16_t version);
Result<std::string> encode_control_record(const ControlRecordKey& key);
Result<std::string> encode_control_record(const EndTxnMarker& value);

/// errors  kUnsupported (a version newer than ours), kTruncated, kCorrupt
Result<TransactionLogKey> decode_transaction_key(std::string_view bytes);
Result<TransactionLogValue> decode_transaction_value(std::string_view bytes);

/// A version newer than ours is read as the newest that we know, as more can only follow behind.
/// errors  kTruncated, kCorrupt; kUnsupported (a negative version)
Result<ControlRecordKey> decode_control_key(std::string_view bytes);
Result<EndTxnMarker> decode_end_txn_marker(std::string_view bytes);

}  // namespace millrace::wire
