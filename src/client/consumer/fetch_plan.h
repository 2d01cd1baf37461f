// FetchPlan: what one Fetch request to one broker asks for, and how its answer is matched with it.
// FetchState makes plans, and BrokerFetchSession makes them smaller: the changes within a fetch
// session. Neither the request nor who takes the answer needs to know. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "client/config/client_config.h"
#include "model/ids.h"
#include "model/topic_partition.h"
#include "model/uuid.h"
#include "wire/messages/fetch.h"

namespace millrace::client {

/// One partition's part of a fetch.
struct PlannedPart {
  TopicPartition partition;
  Offset offset;
  LeaderEpoch leader_epoch = kNoLeaderEpoch;
  std::int32_t bytes_max = 0;
  std::uint64_t ticket = 0;  // an answer for another ticket comes too late: there was a seek
  Uuid topic_id = {};        // zero when it is not known
};

/// Which session of the broker's a fetch belongs to, and the how manieth of it this one is. Epoch 0
/// begins one, -1 is outside any; both end the session that they name.
struct FetchSession {
  std::int32_t id = 0;
  std::int32_t epoch = -1;
};

struct FetchPlan {
  std::vector<PlannedPart> parts;  // by topic, then partition
  FetchSession session = {};
  std::vector<PlannedPart> forgotten = {};  // what a session is to leave out from now on

  /// Whether it names only what has changed within its session.
  bool is_incremental() const { return session.epoch > 0; }

  /// Whether every topic's id is known: from version 13 on topics are named by id alone.
  bool knows_all_ids() const;
  /// The part that an answer names, by the topic's name or, when that is empty, its id; null when
  /// there is none.
  /// cost  logarithmic; by id, for each topic before it
  const PlannedPart* find(std::string_view topic, const Uuid& topic_id,
                          std::int32_t partition) const;

 private:
  std::vector<PlannedPart>::const_iterator end_of_topic(
      std::vector<PlannedPart>::const_iterator first) const;
};

/// What all requests of a consumer have in common.
struct FetchTerms {
  Millis wait_max{500};
  std::int32_t bytes_min = 1;
  std::int32_t bytes_max = 52'428'800;
  IsolationLevel isolation = IsolationLevel::kReadUncommitted;
  std::string rack = {};
};

wire::FetchRequest to_request(const FetchPlan& plan, const FetchTerms& terms);
/// Those in which the broker can be told what `plan` says.
wire::VersionRange versions_for(const FetchPlan& plan);

}  // namespace millrace::client
