#include "client/consumer/position_checker.h"

#include <utility>

#include "base/log.h"
#include "base/probe.h"
#include "client/consumer/offset_reset.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

using EpochRequest = wire::OffsetForLeaderEpochRequest;
using PartitionEnd = wire::OffsetForLeaderEpochResponse::EpochEndOffset;

// Before, the request asked for the rights of a replica.
constexpr wire::VersionRange kForConsumers{3, EpochRequest::kVersions.max};
constexpr std::int32_t kAsConsumer = -1;

EpochRequest to_request(const std::vector<PositionCheck>& checks) {
  EpochRequest request;
  request.replica_id = kAsConsumer;
  for (const PositionCheck& check : checks) {
    const std::string& topic = check.partition.topic;
    if (request.topics.empty() || request.topics.back().topic != topic) {
      request.topics.push_back({.topic = topic, .partitions = {}});
    }
    request.topics.back().partitions.push_back({.partition = check.partition.partition.value(),
                                                .current_leader_epoch = check.leader_epoch.value(),
                                                .leader_epoch = check.epoch.value()});
  }
  return request;
}

const PartitionEnd* find(const wire::OffsetForLeaderEpochResponse& answer,
                         const TopicPartition& partition) {
  for (const auto& topic : answer.topics) {
    if (topic.topic != partition.topic) continue;
    for (const auto& each : topic.partitions) {
      if (each.partition == partition.partition.value()) return &each;
    }
  }
  return nullptr;
}

}  // namespace

void PositionChecker::ask(BrokerId leader, std::vector<PositionCheck> checks) {
  auto request = to_request(checks);
  cluster_.call<EpochRequest, Response>(
      leader, Lane::kMain, std::move(request), cluster_.config().request_timeout,
      life_.guard([this, checks = std::move(checks)](const Result<Response>& answer) {
        take(checks, answer);
        on_answer_();
      }),
      kForConsumers);
}

void PositionChecker::take(const std::vector<PositionCheck>& checks,
                           const Result<Response>& answer) {
  bool is_refused = !answer.ok();
  shared_.change([&](auto& state) {
    for (const PositionCheck& check : checks) {
      if (answer.ok()) {
        is_refused = !take_one(state.fetch, check, *answer) || is_refused;
      } else if (answer.error().code == ErrorCode::kUnsupported) {
        state.fetch.on_uncheckable(check);
      } else {
        state.fetch.on_check_failed(check, retry_at());
      }
    }
  });
  // The leader has moved on, or has yet to hear that it is one: the next metadata say.
  if (is_refused) cluster_.refresh_metadata();
}

bool PositionChecker::take_one(FetchState& state, const PositionCheck& check,
                               const Response& answer) {
  const PartitionEnd* const end = find(answer, check.partition);
  if (end == nullptr || end->error_code != 0) {
    state.on_check_failed(check, retry_at());
    return false;
  }
  const auto truncation =
      state.on_checked(check, {LeaderEpoch{end->leader_epoch}, Offset{end->end_offset}});
  if (truncation) truncated(state, check, *truncation);
  return true;
}

MonotonicTime PositionChecker::retry_at() const {
  return cluster_.loop().now() + config_.connection.retry_backoff.base;
}

void PositionChecker::truncated(FetchState& state, const PositionCheck& check,
                                const Truncation& truncation) {
  PROBE("client: a log no longer has what was read of it");
  const EpochEnd& end = truncation.diverges_at;
  const bool is_known = end.offset != kNoOffset;
  const std::string told =
      is_known ? fmt::format("differs from offset {} on", end.offset) : std::string("differs");
  const std::string what = fmt::format("the log of {} was cut: what was read before offset {} {}",
                                       check.partition, truncation.position, told);
  LOG_WARN("a log was cut", {{"partition", check.partition}, {"reason", what}});
  Error error{ErrorCode::kOutOfRange,
              what + ", and auto.offset.reset is none: seek to where to go on"};
  if (is_known && config_.offset_reset != OffsetReset::kNone) {
    state.seek(check.partition, end.offset, end.epoch, check.leader_epoch);
  } else {
    reset_position(state, check.partition, config_.offset_reset, std::move(error));
    if (is_known) state.note_divergence(check.partition, end.offset);
  }
}

}  // namespace millrace::client
