#include "wire/transaction_records.h"

#include "wire/codec.h"
#include "wire/versioned_bytes.h"

namespace millrace::wire {

template struct Codec<TransactionLogKey>;
template struct Codec<TransactionLogValue>;
template struct Codec<ControlRecordKey>;
template struct Codec<EndTxnMarker>;

Result<std::string> encode_transaction_record(const TransactionLogKey& key) {
  return encode_versioned(key, TransactionLogKey::kVersions.max);
}

Result<std::string> encode_transaction_record(const TransactionLogValue& value,
                                              std::int16_t version) {
  return encode_versioned(value, version);
}

Result<std::string> encode_control_record(const ControlRecordKey& key) {
  return encode_versioned(key, ControlRecordKey::kVersions.max);
}

Result<std::string> encode_control_record(const EndTxnMarker& value) {
  return encode_versioned(value, EndTxnMarker::kVersions.max);
}

Result<TransactionLogKey> decode_transaction_key(std::string_view bytes) {
  return decode_versioned<TransactionLogKey>(bytes);
}

Result<TransactionLogValue> decode_transaction_value(std::string_view bytes) {
  return decode_versioned<TransactionLogValue>(bytes);
}

Result<ControlRecordKey> decode_control_key(std::string_view bytes) {
  return decode_up_to_newest<ControlRecordKey>(bytes);
}

Result<EndTxnMarker> decode_end_txn_marker(std::string_view bytes) {
  return decode_up_to_newest<EndTxnMarker>(bytes);
}

}  // namespace millrace::wire
