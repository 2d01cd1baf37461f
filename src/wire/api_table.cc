#include "wire/api_table.h"

#include <algorithm>
#include <array>

#include "wire/messages/api_versions.h"
#include "wire/messages/create_topics.h"
#include "wire/messages/delete_groups.h"
#include "wire/messages/delete_records.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/describe_cluster.h"
#include "wire/messages/describe_configs.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/fetch.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/join_group.h"
#include "wire/messages/leave_group.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/metadata.h"
#include "wire/messages/offset_commit.h"
#include "wire/messages/offset_fetch.h"
#include "wire/messages/offset_for_leader_epoch.h"
#include "wire/messages/produce.h"
#include "wire/messages/sync_group.h"

namespace millrace::wire {

namespace {

template <class Request, class Response>
constexpr ApiRow row(VersionRange advertised = Request::kVersions) {
  static_assert(Request::kApiKey == Response::kApiKey);
  static_assert(Request::kVersions == Response::kVersions);
  static_assert(Request::kFlexibleSince == Response::kFlexibleSince);
  constexpr std::string_view kSuffix = "Request";
  std::string_view name = Request::kName;
  name.remove_suffix(kSuffix.size());
  return {Request::kApiKey, name, advertised, Request::kVersions, Request::kFlexibleSince};
}

// Produce advertises versions that it refuses: librdkafka takes the compression codecs that it may
// use from the lowest one. InitProducerId v6 serves two-phase commit, which no broker of ours does.
constexpr std::array kTable{
    row<ProduceRequest, ProduceResponse>(VersionRange{0, 13}),
    row<FetchRequest, FetchResponse>(),
    row<ListOffsetsRequest, ListOffsetsResponse>(),
    row<MetadataRequest, MetadataResponse>(),
    row<OffsetCommitRequest, OffsetCommitResponse>(),
    row<OffsetFetchRequest, OffsetFetchResponse>(),
    row<FindCoordinatorRequest, FindCoordinatorResponse>(),
    row<JoinGroupRequest, JoinGroupResponse>(),
    row<HeartbeatRequest, HeartbeatResponse>(),
    row<LeaveGroupRequest, LeaveGroupResponse>(),
    row<SyncGroupRequest, SyncGroupResponse>(),
    row<DescribeGroupsRequest, DescribeGroupsResponse>(),
    row<ListGroupsRequest, ListGroupsResponse>(),
    row<ApiVersionsRequest, ApiVersionsResponse>(),
    row<CreateTopicsRequest, CreateTopicsResponse>(),
    row<DeleteTopicsRequest, DeleteTopicsResponse>(),
    row<DeleteRecordsRequest, DeleteRecordsResponse>(),
    row<InitProducerIdRequest, InitProducerIdResponse>(VersionRange{0, 5}),
    row<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(),
    row<DescribeConfigsRequest, DescribeConfigsResponse>(),
    row<DeleteGroupsRequest, DeleteGroupsResponse>(),
    row<DescribeClusterRequest, DescribeClusterResponse>(),
};

static_assert(std::is_sorted(kTable.begin(), kTable.end(),
                             [](const ApiRow& a, const ApiRow& b) { return a.key < b.key; }));

}  // namespace

std::span<const ApiRow> api_table() {
  return kTable;
}

const ApiRow* find_api(ApiKey key) {
  const auto* const found =
      std::lower_bound(kTable.begin(), kTable.end(), key,
                       [](const ApiRow& api, ApiKey wanted) { return api.key < wanted; });
  return found != kTable.end() && found->key == key ? found : nullptr;
}

}  // namespace millrace::wire
