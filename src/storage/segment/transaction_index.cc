#include "storage/segment/transaction_index.h"

#include <fmt/format.h>

#include "base/byte_order.h"
#include "base/byte_reader.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {
namespace {

constexpr std::int16_t kEntryVersion = 0;

AbortedTransaction read_entry(ByteReader& reader) {
  AbortedTransaction entry;
  entry.producer_id = ProducerId{reader.i64()};
  entry.first_offset = Offset{reader.i64()};
  entry.last_offset = Offset{reader.i64()};
  entry.last_stable_offset = Offset{reader.i64()};
  return entry;
}

}  // namespace

bool TransactionIndex::collect(Offset from, Offset before,
                               std::vector<AbortedTransaction>& found) const {
  for (const AbortedTransaction& entry : entries_) {
    if (entry.last_offset >= from && entry.first_offset < before) found.push_back(entry);
    if (entry.last_stable_offset >= before) return true;
  }
  return false;
}

std::string TransactionIndex::encode() const {
  std::string bytes(entries_.size() * kTransactionIndexEntrySize, '\0');
  char* to = bytes.data();
  for (const AbortedTransaction& entry : entries_) {
    store_big_endian(to, kEntryVersion);
    to += sizeof(kEntryVersion);
    for (const std::int64_t field : {entry.producer_id.value(), entry.first_offset.value(),
                                     entry.last_offset.value(), entry.last_stable_offset.value()}) {
      store_big_endian(to, field);
      to += sizeof(field);
    }
  }
  return bytes;
}

Result<TransactionIndex> TransactionIndex::decode(Offset base, Offset end, std::string_view bytes) {
  if (bytes.size() % kTransactionIndexEntrySize != 0) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("transaction index: wanted whole entries of {} bytes, found {} bytes",
                             kTransactionIndexEntrySize, bytes.size())};
  }
  TransactionIndex index;
  index.entries_.reserve(bytes.size() / kTransactionIndexEntrySize);
  ByteReader reader(bytes);
  AbortedTransaction previous{kNoProducerId, Offset{0}, base + -1, Offset{0}};
  while (reader.remaining() > 0) {
    if (const std::int16_t version = reader.i16(); version != kEntryVersion) {
      return Error{
          ErrorCode::kUnsupported,
          fmt::format("transaction index: wanted version {}, found {}", kEntryVersion, version)};
    }
    const AbortedTransaction entry = read_entry(reader);
    const bool makes_sense =
        entry.producer_id >= ProducerId{0} && entry.first_offset >= Offset{0} &&
        entry.first_offset < entry.last_offset && entry.last_offset > previous.last_offset &&
        entry.last_offset < end && entry.last_stable_offset >= previous.last_stable_offset &&
        entry.last_stable_offset <= entry.last_offset + 1;
    if (!makes_sense) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("transaction index entry {}: producer {} from {} to {}, stable up "
                               "to {}, cannot be",
                               index.size(), entry.producer_id, entry.first_offset,
                               entry.last_offset, entry.last_stable_offset)};
    }
    index.entries_.push_back(entry);
    previous = entry;
  }
  return index;
}

}  // namespace millrace::storage
