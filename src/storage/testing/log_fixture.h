// LogFixture: one log on a simulated disk, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/sim_file_system.h"
#include "storage/partition_log.h"
#include "storage/testing/batches.h"
#include "wire/error_codes.h"

namespace millrace::storage::testing {

/// As PartitionLog::replace, where nobody else has the log.
inline Status replace(PartitionLog& log, SegmentRewrite rewrite) {
  return log.replace(std::move(rewrite), [&](const auto& work) { return work(log); });
}

class LogFixture : public ::testing::Test {
 protected:
  void open(PreviousStop stop = PreviousStop::kClean, Offset recovery_point = Offset{0},
            Offset log_start = Offset{0}) {
    log.reset();
    auto opened = PartitionLog::open(files, "/data/topic-0", config,
                                     {Timestamp{1000}, stop, recovery_point, log_start});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log = std::move(opened).value();
  }

  wire::KafkaError append_error(const BatchSpec& spec, std::int64_t now = 1000) {
    auto result = append(*log, spec, 0, now);
    return result.ok() ? wire::KafkaError::kNone : wire::kafka_error_of(result.error());
  }

  wire::KafkaError read_error(Offset from) {
    const auto found = log->read(from, 4096, MinOneBatch::kYes);
    return found.ok() ? wire::KafkaError::kNone : wire::kafka_error_of(found.error());
  }

  /// The header of the first batch that is read from `from` on.
  wire::BatchHeader first_header(Offset from) {
    const Buffer bytes = log->read_bytes(from, 1, MinOneBatch::kYes).value();
    auto header = wire::check_batch(bytes.view());
    EXPECT_TRUE(header.ok()) << header.error().message;
    return header.value();
  }

  std::vector<std::string> names(std::string_view suffix) {
    std::vector<std::string> found;
    const auto entries = files.list("/data/topic-0").value();
    for (const auto& entry : entries) {
      if (entry.name.ends_with(suffix)) found.push_back(entry.name);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  sim::SimFileSystem files;
  LogConfig config;
  std::unique_ptr<PartitionLog> log;
};

}  // namespace millrace::storage::testing
