// MemoryTopics: the topics of a TestDriver: what a broker would hold, in memory.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "model/record.h"
#include "streams/runtime/record_collector.h"
#include "streams/testing/test_driver.h"

namespace millrace::streams::testing {

/// Records never move once appended, so views of them stay valid.
class MemoryTopics final : public RecordCollector {
 public:
  explicit MemoryTopics(std::int32_t partitions) : partitions_(partitions) {}

  OutputTopic topic(std::string_view name) override;
  void send(OutputTopic topic, const OutputRecord& record) override;
  Offset acknowledged_end(OutputTopic topic, PartitionId partition) const override;

  Offset end_offset(std::string_view topic, PartitionId partition) const;
  /// Views of the records from `from` on.
  std::vector<RecordView> read(std::string_view topic, PartitionId partition, Offset from) const;
  /// Everything in the order of writing.
  std::vector<DriverRecord> contents(std::string_view topic) const;
  /// What was written since the last call.
  std::vector<DriverRecord> take_new(std::string_view topic);

 private:
  struct Stored {
    DriverRecord record;
    std::string header_bytes;  // wire form
  };
  struct Topic {
    std::deque<Stored> all;                              // in the order of writing
    std::vector<std::vector<const Stored*>> partitions;  // into `all`
    std::size_t taken = 0;
  };

  const Topic* find(std::string_view name) const;
  PartitionId place(const OutputRecord& record) const;

  std::int32_t partitions_;
  std::map<std::string, OutputTopic, std::less<>> ids_;
  std::deque<Topic> topics_;  // by OutputTopic
};

}  // namespace millrace::streams::testing
