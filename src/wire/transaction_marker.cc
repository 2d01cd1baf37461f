#include "wire/transaction_marker.h"

#include <fmt/format.h>

#include "base/check.h"
#include "wire/record_batch.h"
#include "wire/record_batch_builder.h"
#include "wire/transaction_records.h"

namespace millrace::wire {
namespace {

constexpr std::size_t kMarkerBytes = 128;  // more than a marker has

}  // namespace

Buffer build_transaction_marker(const TransactionMarker& marker, Timestamp now) {
  const bool is_commit = marker.end.result == TransactionResult::kCommit;
  const auto key = encode_control_record(
      ControlRecordKey{.type = is_commit ? kCommitMarkerType : kAbortMarkerType});
  const auto value =
      encode_control_record(EndTxnMarker{.coordinator_epoch = marker.end.coordinator_epoch});
  CHECK(key.ok() && value.ok(), "two numbers always fit");
  RecordBatchBuilder builder({.producer_id = marker.producer_id,
                              .producer_epoch = marker.producer_epoch,
                              .is_transactional = true,
                              .is_control = true},
                             kMarkerBytes);
  builder.append(now, *key, *value);
  return builder.build();
}

Result<TransactionEnd> read_transaction_end(std::string_view batch) {
  Buffer scratch;
  auto reader = BatchReader::open(batch, scratch, CrcCheck::kSkip);
  if (!reader.ok()) return std::move(reader).error();
  RecordView record;
  if (!reader->next(record)) {
    if (!reader->status().ok()) return reader->status().error();
    return Error{ErrorCode::kNotFound, "a control batch without a record"};
  }
  const auto key = decode_control_key(record.key.value_or(""));
  if (!key.ok()) return key.error();
  if (key->type != kAbortMarkerType && key->type != kCommitMarkerType) {
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("wanted the end of a transaction, found control record type {}", key->type)};
  }
  const auto value = decode_end_txn_marker(record.value.value_or(""));
  if (!value.ok()) return value.error();
  return TransactionEnd{
      key->type == kCommitMarkerType ? TransactionResult::kCommit : TransactionResult::kAbort,
      value->coordinator_epoch};
}

}  // namespace millrace::wire
