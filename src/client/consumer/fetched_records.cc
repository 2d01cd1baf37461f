#include "client/consumer/fetched_records.h"

#include <algorithm>

#include "wire/transaction_records.h"

namespace millrace::client {
namespace {

// What the one record of a control batch says.
Result<bool> is_abort_marker(std::string_view batch, wire::CrcCheck crc) {
  Buffer scratch;
  auto reader = wire::BatchReader::open(batch, scratch, crc);
  if (!reader.ok()) return std::move(reader).error();
  RecordView marker;
  if (!reader->next(marker)) {
    if (!reader->status().ok()) return reader->status().error();
    return false;
  }
  const auto key = wire::decode_control_key(marker.key.value_or(std::string_view{}));
  if (!key.ok()) return key.error();
  return key->type == wire::kAbortMarkerType;
}

}  // namespace

FetchedRecords::FetchedRecords(FetchedPart part, ReadOptions options)
    : part_(std::move(part)), options_(options), cursor_(part_.records), next_offset_(part_.from) {
  std::sort(part_.aborted.begin(), part_.aborted.end(),
            [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
}

Status FetchedRecords::read(std::size_t count_max, std::vector<RecordView>& out,
                            std::vector<SharedBuffer>& keep_alive) {
  const std::size_t wanted = out.size() + count_max;
  frame_kept_ = false;
  scratch_kept_ = false;
  while (!done_ && out.size() < wanted) {
    if (!reader_) {
      if (auto status = open_next_batch(); !status.ok()) return status;
      continue;
    }
    RecordView record;
    if (!reader_->next(record)) {
      if (!reader_->status().ok()) {
        return Error{reader_->status().error()}.with_context(
            fmt::format("batch at offset {}", reader_->header().base_offset));
      }
      next_offset_ = std::max(next_offset_, reader_->header().next_offset());
      reader_.reset();
      continue;
    }
    if (record.offset < part_.from) continue;
    out.push_back(record);
    next_offset_ = record.offset + 1;
    if (scratch_ != nullptr && !scratch_kept_) {
      keep_alive.push_back(scratch_);
      scratch_kept_ = true;
    } else if (scratch_ == nullptr && !frame_kept_) {
      keep_alive.push_back(part_.frame);
      frame_kept_ = true;
    }
  }
  return {};
}

// Leaves reader_ empty when the batch holds nothing to give out.
Status FetchedRecords::open_next_batch() {
  const auto batch = cursor_.next();
  if (!batch) {
    done_ = true;
    if (cursor_.status().ok()) return {};
    return Error{cursor_.status().error()}.with_context(
        fmt::format("after offset {}", next_offset_));
  }
  const auto header = wire::read_batch_header(*batch);
  if (!header.ok()) {
    done_ = true;
    return Error{header.error()}.with_context(fmt::format("after offset {}", next_offset_));
  }
  if (options_.isolation == IsolationLevel::kReadCommitted) {
    if (auto status = follow_transactions(*batch, *header); !status.ok()) {
      done_ = true;
      return std::move(status).error().with_context(
          fmt::format("batch at offset {}", header->base_offset));
    }
  }
  epoch_ = header->partition_leader_epoch;
  if (header->next_offset() <= part_.from || is_to_be_skipped(*header)) {
    next_offset_ = std::max(next_offset_, header->next_offset());
    return {};
  }
  const bool is_compressed = header->compression() != wire::Compression::kNone;
  if (is_compressed) {
    scratch_ = std::make_shared<Buffer>();
    scratch_kept_ = false;
  } else {
    scratch_.reset();
  }
  Buffer unused;
  auto reader = wire::BatchReader::open(*batch, is_compressed ? *scratch_ : unused, options_.crc);
  if (!reader.ok()) {
    done_ = true;
    return std::move(reader).error().with_context(
        fmt::format("batch at offset {}", header->base_offset));
  }
  reader_.emplace(std::move(reader).value());
  return {};
}

bool FetchedRecords::is_to_be_skipped(const wire::BatchHeader& header) const {
  if (header.is_control()) return true;
  return header.is_transactional() && aborting_.count(header.producer_id) > 0;
}

// Which transactions have begun comes first: an answer may begin at the very marker that ends one
// of them, and what its producer writes next is of another transaction.
Status FetchedRecords::follow_transactions(std::string_view batch,
                                           const wire::BatchHeader& header) {
  while (next_aborted_ < part_.aborted.size() &&
         part_.aborted[next_aborted_].first_offset <= header.last_offset()) {
    aborting_.insert(part_.aborted[next_aborted_].producer);
    ++next_aborted_;
  }
  if (!header.is_control()) return {};
  const auto is_abort = is_abort_marker(batch, options_.crc);
  if (!is_abort.ok()) return is_abort.error();
  if (*is_abort) aborting_.erase(header.producer_id);
  return {};
}

FetchedRecords::End FetchedRecords::end_of(std::string_view records, Offset from) {
  wire::BatchCursor cursor(records);
  End end{from};
  while (const auto batch = cursor.next()) {
    const auto header = wire::read_batch_header(*batch);
    if (!header.ok()) break;
    end.offset = std::max(end.offset, header->next_offset());
    end.epoch = header->partition_leader_epoch;
  }
  return end;
}

}  // namespace millrace::client
