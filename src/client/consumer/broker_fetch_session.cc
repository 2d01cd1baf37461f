#include "client/consumer/broker_fetch_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "wire/error_codes.h"

namespace millrace::client {
namespace {

constexpr std::int32_t kFullEpoch = 0;
constexpr std::int32_t kFinalEpoch = -1;

bool asks_the_same(const PlannedPart& one, const PlannedPart& other) {
  return one.offset == other.offset && one.leader_epoch == other.leader_epoch &&
         one.bytes_max == other.bytes_max;
}

/// Calls `only_old`, `only_new` or `both` for each partition of two plans, in their order.
template <class OnlyOld, class OnlyNew, class Both>
void compare(const FetchPlan& old_plan, const FetchPlan& new_plan, OnlyOld only_old,
             OnlyNew only_new, Both both) {
  auto known = old_plan.parts.begin();
  for (const PlannedPart& part : new_plan.parts) {
    while (known != old_plan.parts.end() && known->partition < part.partition) only_old(*known++);
    if (known != old_plan.parts.end() && known->partition == part.partition) {
      both(*known++, part);
    } else {
      only_new(part);
    }
  }
  while (known != old_plan.parts.end()) only_old(*known++);
}

std::size_t partition_count(const wire::FetchResponse& answer) {
  std::size_t count = 0;
  for (const auto& topic : answer.responses) count += topic.partitions.size();
  return count;
}

}  // namespace

FetchPlan BrokerFetchSession::begin(std::shared_ptr<const FetchPlan> wanted) {
  CHECK(!is_under_way_, "one fetch of a session at a time");
  is_under_way_ = true;
  if (epoch_ != kFullEpoch && has_other_ids(*wanted)) epoch_ = kFullEpoch;
  FetchPlan sent;
  sent.session = {id_, epoch_};
  if (epoch_ == kFullEpoch) {
    sent.parts = wanted->parts;
  } else {
    name_changes(*wanted, sent);
  }
  last_ = std::move(wanted);
  return sent;
}

/// A session names all topics by id or none, and a topic that was made anew is another one.
bool BrokerFetchSession::has_other_ids(const FetchPlan& wanted) const {
  bool is_other = wanted.knows_all_ids() != last_->knows_all_ids();
  const auto ignore = [](const PlannedPart&) {};
  compare(*last_, wanted, ignore, ignore, [&](const PlannedPart& known, const PlannedPart& part) {
    is_other = is_other || known.topic_id != part.topic_id;
  });
  return is_other;
}

void BrokerFetchSession::name_changes(const FetchPlan& wanted, FetchPlan& sent) const {
  compare(
      *last_, wanted, [&](const PlannedPart& gone) { sent.forgotten.push_back(gone); },
      [&](const PlannedPart& added) { sent.parts.push_back(added); },
      [&](const PlannedPart& known, const PlannedPart& part) {
        if (!asks_the_same(known, part)) sent.parts.push_back(part);
      });
}

void BrokerFetchSession::on_answer(const wire::FetchResponse& answer) {
  is_under_way_ = false;
  const auto error = static_cast<wire::KafkaError>(answer.error_code);
  if (error != wire::KafkaError::kNone) {
    PROBE("client: a broker ended a fetch session with an error");
    epoch_ = kFullEpoch;
    if (error == wire::KafkaError::kFetchSessionIdNotFound) id_ = 0;
    return;
  }
  id_ = answer.session_id;
  if (id_ == 0) {
    epoch_ = kFullEpoch;
  } else if (epoch_ == kFullEpoch) {
    // A partition that was left out of the answer may not have been taken into the session.
    if (partition_count(answer) >= last_->parts.size()) epoch_ = 1;
  } else {
    epoch_ = epoch_ == INT32_MAX ? 1 : epoch_ + 1;
  }
}

void BrokerFetchSession::on_failed() {
  is_under_way_ = false;
  epoch_ = kFullEpoch;
}

FetchPlan BrokerFetchSession::ending() const {
  FetchPlan plan;
  plan.session = {id_, kFinalEpoch};
  return plan;
}

}  // namespace millrace::client
