// A log of transactions with any bytes for a transaction index: after an unclean stop its readers
// are told what the log says, and after a clean one what a file says that can be right.
//   first byte  bit 0: the stop was unclean; the rest is the file
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/log.h"
#include "sim/sim_file_system.h"
#include "storage/segment/segment_format.h"
#include "storage/testing/batches.h"

namespace {

using namespace millrace;
using namespace millrace::storage;

constexpr std::string_view kDirectory = "/data/topic-0";

LogConfig small_segments() {
  LogConfig config;
  config.segment_bytes = 400;
  return config;
}

std::unique_ptr<PartitionLog> open_log(sim::SimFileSystem& files, PreviousStop stop) {
  auto log = PartitionLog::open(files, std::string(kDirectory), small_segments(),
                                {.now = Timestamp{1000}, .previous_stop = stop});
  CHECK(log.ok(), "{}", log.error().message);
  return std::move(log).value();
}

std::vector<AbortedTransaction> aborted_in(const PartitionLog& log) {
  auto found = log.aborted_transactions(log.log_start_offset(), log.last_stable_offset());
  CHECK(found.ok(), "{}", found.error().message);
  return std::move(found).value();
}

struct Made {
  sim::SimFileSystem files;
  std::vector<AbortedTransaction> aborted;

  Made() {
    set_log_level(LogLevel::kOff);
    CHECK(files.create_directories(std::string(kDirectory)).ok(), "made");
    for (const auto* above : {"/", "/data"}) CHECK(files.sync_directory(above).ok(), "synced");
    auto log = open_log(files, PreviousStop::kClean);
    for (std::int32_t i = 0; i < 6; ++i) {
      for (const std::int64_t producer : {7, 8}) {
        const auto written =
            storage::testing::append_transactional(*log, {.producer_id = producer, .sequence = i});
        CHECK(written.ok(), "{}", written.error().message);
      }
      for (const std::int64_t producer : {8, 7}) {
        const auto ended =
            storage::testing::end_transaction(*log, producer, {wire::TransactionResult::kAbort});
        CHECK(ended.ok(), "{}", ended.error().message);
      }
    }
    aborted = aborted_in(*log);
    CHECK(log->close().ok(), "closed");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Made* const made = new Made;
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto decoded = TransactionIndex::decode(Offset{0}, Offset{1000}, bytes);
  CHECK(!decoded.ok() || decoded->encode() == bytes, "read, and not what is there");

  const auto stop = (data[0] & 1U) != 0 ? PreviousStop::kUnclean : PreviousStop::kClean;
  const auto files = made->files.crash(0);  // all of it was synced
  const std::string name =
      std::string(kDirectory) + '/' + segment_file_name(Offset{0}, kTransactionIndexSuffix);
  CHECK(files->replace_atomically(name, bytes).ok(), "written");
  const auto log = open_log(*files, stop);
  const auto found = aborted_in(*log);
  if (stop == PreviousStop::kUnclean || !decoded.ok()) {
    CHECK(found == made->aborted, "{} aborted transactions, wanted {}", found.size(),
          made->aborted.size());
  }
  return 0;
}
