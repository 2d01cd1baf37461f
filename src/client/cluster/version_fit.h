// Requests whose fields moved between versions: callers fill in what they mean, these put it where
// the version negotiated with the broker has it.
#pragma once

#include <cstdint>
#include <type_traits>

#include "wire/messages/delete_topics.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"

namespace millrace::client {

/// The versions of a request that names topics; later ones know them by id alone.
template <class Request>
constexpr wire::VersionRange versions_by_name() {
  wire::VersionRange versions = Request::kVersions;
  if (std::is_same_v<Request, wire::OffsetFetchRequest>) versions.max = 9;
  if (std::is_same_v<Request, wire::OffsetCommitRequest>) versions.max = 9;
  return versions;
}

template <class Request>
void fit_to_version(Request& /*request*/, std::int16_t /*version*/) {}

/// Filled in as `members`.
void fit_to_version(wire::LeaveGroupRequest& request, std::int16_t version);
/// Filled in as `key`.
void fit_to_version(wire::FindCoordinatorRequest& request, std::int16_t version);
/// Filled in as the one group in `groups`.
void fit_to_version(wire::OffsetFetchRequest& request, std::int16_t version);
/// Filled in as `topic_names`.
void fit_to_version(wire::DeleteTopicsRequest& request, std::int16_t version);

}  // namespace millrace::client
