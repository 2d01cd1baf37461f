// Sabotage: what is broken on purpose, to see that a run finds it. No seed draws any.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace millrace::simulation {

enum class Sabotage : std::uint8_t {
  kNone,
  kBrokerNeverSyncs,      // acknowledges what goes with the power
  kProducersSendTwice,    // now and then, in the name of one record
  kConsumersMisread,      // another value than the log holds
  kConsumersSkip,         // the first record of what a poll gave, where one went before
  kConsumersBeginLate,    // the same where they begin
  kConsumersCommitAhead,  // by a record
  kConsumersNeverCommit,
  kConsumersMistakeGenerations,  // each one names the same
  kStreamLosesRecords,           // before they are counted
  kTransactionsCommitWhatIsAborted,
  kReadersTakeWhatIsNotCommitted,
  kPipelinesForgetOffsets,
  kTableLosesItsStart
};

struct SabotageName {
  Sabotage sabotage;
  std::string_view name;
};

inline constexpr std::array kSabotages{
    SabotageName{Sabotage::kBrokerNeverSyncs, "broker-never-syncs"},
    SabotageName{Sabotage::kProducersSendTwice, "producers-send-twice"},
    SabotageName{Sabotage::kConsumersMisread, "consumers-misread"},
    SabotageName{Sabotage::kConsumersSkip, "consumers-skip"},
    SabotageName{Sabotage::kConsumersBeginLate, "consumers-begin-late"},
    SabotageName{Sabotage::kConsumersCommitAhead, "consumers-commit-ahead"},
    SabotageName{Sabotage::kConsumersNeverCommit, "consumers-never-commit"},
    SabotageName{Sabotage::kConsumersMistakeGenerations, "consumers-mistake-generations"},
    SabotageName{Sabotage::kStreamLosesRecords, "stream-loses-records"},
    SabotageName{Sabotage::kTransactionsCommitWhatIsAborted, "transactions-commit-what-is-aborted"},
    SabotageName{Sabotage::kReadersTakeWhatIsNotCommitted, "readers-take-what-is-not-committed"},
    SabotageName{Sabotage::kPipelinesForgetOffsets, "pipelines-forget-offsets"},
    SabotageName{Sabotage::kTableLosesItsStart, "table-loses-its-start"}};

inline std::string_view sabotage_name(Sabotage sabotage) {
  for (const SabotageName& each : kSabotages) {
    if (each.sabotage == sabotage) return each.name;
  }
  return "none";
}

}  // namespace millrace::simulation
