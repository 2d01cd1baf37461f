// ConsumerActor: a client of KIP-848 for tests, on a GroupWorld: what it was told, and what it
// owns.
#pragma once

#include <string>
#include <utility>

#include "broker/groups/group_world.h"

namespace millrace::broker {

/// Gives up what it is to give up as soon as it hears of it, and says so with its next beat.
struct ConsumerActor {
  GroupWorld& world;
  std::string id;
  std::vector<std::string> topics{"t"};
  std::optional<std::string> instance = {};
  std::int32_t rebalance_timeout_ms = 60'000;
  std::optional<std::string> regex = {};
  std::optional<std::string> assignor = {};

  std::int32_t epoch = 0;
  Partitions owned = {};
  bool has_news = true;  // of what it owns, or all of it after an error
  RequestToken waits_for = kNoRequest;

  void send() {
    GroupWorld::Beat beat{.member = id, .epoch = epoch, .instance = instance};
    if (epoch == 0) owned.clear();
    if (has_news || epoch == 0) {
      beat.topics = topics;
      beat.regex = regex;
      beat.assignor = assignor;
      beat.owned = owned;
      beat.rebalance_timeout_ms = rebalance_timeout_ms;
    }
    has_news = false;
    waits_for = world.beat(beat);
  }

  /// Takes over the answer. What it is told to own it owns from here on, and nothing else.
  wire::KafkaError receive() {
    const auto& answer = world.beaten(std::exchange(waits_for, kNoRequest));
    const auto error = static_cast<wire::KafkaError>(answer.error_code);
    if (error == wire::KafkaError::kFencedMemberEpoch ||
        error == wire::KafkaError::kUnknownMemberId ||
        error == wire::KafkaError::kGroupIdNotFound) {
      epoch = 0;
      owned.clear();
    }
    if (error != wire::KafkaError::kNone) {
      has_news = true;
      return error;
    }
    epoch = answer.member_epoch;
    if (answer.assignment) {
      owned = partitions_of(answer.assignment->topic_partitions);
      has_news = true;
    }
    return error;
  }

  wire::KafkaError beat() {
    send();
    return receive();
  }
};

}  // namespace millrace::broker
