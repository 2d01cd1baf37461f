#include "storage/segment/segment_loading.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "storage/segment/segment_format.h"

namespace millrace::storage {

std::string SegmentLoading::path(Offset base, std::string_view suffix) const {
  return fmt::format("{}/{}", directory, segment_file_name(base, suffix));
}

Result<std::optional<TransactionIndex>> SegmentLoading::load_aborted(Offset base,
                                                                     Offset end) const {
  if (!loaded.transaction_indexes.contains(base)) {
    if (!loaded.transaction_sums.contains(base)) return std::optional(TransactionIndex());
    LOG_DEBUG("making a transaction index anew", {{"path", path(base, kTransactionIndexSuffix)}});
    return std::optional<TransactionIndex>();
  }
  if (loaded.changed_transaction_indexes.contains(base)) return std::optional<TransactionIndex>();
  auto bytes = files.read_all(path(base, kTransactionIndexSuffix));
  if (!bytes.ok()) return std::move(bytes).error();
  auto index = TransactionIndex::decode(base, end, *bytes);
  if (index.ok()) return std::optional(std::move(index).value());
  LOG_WARN("a transaction index is of no use, making it anew",
           {{"path", path(base, kTransactionIndexSuffix)}, {"reason", index.error().message}});
  return std::optional<TransactionIndex>();
}

Status SegmentLoading::complain_of_gap(Offset from, Offset to) const {
  if (options.bad_end == BadEnd::kRefuse && !is_unclean()) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("wanted the records from {} up to {}, which were there at a clean "
                             "stop, found none: restore the log's files, or remove "
                             ".kafka_cleanshutdown from the data directory to go on without them",
                             from, to)};
  }
  LOG_ERROR(
      "records that were on disk are gone, their readers get CORRUPT_MESSAGE: stop the broker and "
      "restore the log's files to have them back",
      {{"directory", directory}, {"from", from}, {"to", to}});
  return {};
}

}  // namespace millrace::storage
