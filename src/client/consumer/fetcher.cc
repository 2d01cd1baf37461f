#include "client/consumer/fetcher.h"

#include <algorithm>
#include <array>

#include "client/consumer/offset_requests.h"
#include "client/consumer/offset_reset.h"

namespace millrace::client {
namespace {

using wire::KafkaError;

constexpr std::array kFetchLanes{Lane::kFetch, Lane::kSecondFetch, Lane::kThirdFetch};
// A broker keeps few sessions. Beside a first one, naming fewer partitions than these costs less.
constexpr std::size_t kPartsWorthAnotherSession = 16;

FetchTerms terms_of(const ConsumerConfig& config) {
  return {.wait_max = config.fetch_wait_max,
          .bytes_min = config.fetch_bytes_min,
          .bytes_max = config.fetch_bytes_max,
          .isolation = config.isolation_level,
          .rack = config.rack};
}

}  // namespace

Fetcher::Fetcher(const ConsumerConfig& config, Cluster& cluster, ConsumerShared& shared)
    : config_(config),
      terms_(terms_of(config)),
      cluster_(cluster),
      shared_(shared),
      checker_(config, cluster, shared, [this] { run(); }) {}

Fetcher::~Fetcher() {
  life_.end();
  cluster_.loop().cancel(timer_);
  end_sessions();
}

void Fetcher::run() {
  // Whoever changes something from here on has to tell again.
  shared_.with([](auto& state) { state.fetcher_told = false; });
  // One time for all: what arm_timer() takes for due has been looked at.
  const MonotonicTime now = cluster_.loop().now();
  load_committed();
  load_resets(PositionSource::kEarliest);
  load_resets(PositionSource::kLatest);
  send_fetches(now);
  arm_timer(now);
}

void Fetcher::load_committed() {
  const auto partitions = shared_.with(
      [](auto& state) { return state.fetch.take_unpositioned(PositionSource::kCommitted); });
  if (partitions.empty()) return;
  const auto nothing_committed = [](const TopicPartition& partition) {
    return Error{
        ErrorCode::kOutOfRange,
        fmt::format("{} has no committed offset and auto.offset.reset is none", partition)};
  };
  if (config_.group_id.empty()) {
    shared_.change([&](auto& state) {
      for (const auto& each : partitions) {
        if (!state.fetch.awaits_position(each, PositionSource::kCommitted)) continue;
        reset_position(state.fetch, each, config_.offset_reset, nothing_committed(each));
      }
    });
    return;
  }
  fetch_committed(
      cluster_, config_.group_id, partitions, RequireStable::kYes,
      cluster_.loop().now() + config_.api_timeout,
      life_.guard([this, partitions, nothing_committed](const Result<CommittedOffsets>& committed) {
        if (!committed.ok()) {
          const Error& error = committed.error();
          if (wire::is_retriable(error)) {
            return retry_positions(partitions, PositionSource::kCommitted);
          }
          shared_.change([&](auto& state) {
            for (const auto& each : partitions) {
              if (!state.fetch.awaits_position(each, PositionSource::kCommitted)) continue;
              state.fetch.set_error(each, error);
            }
          });
          return;
        }
        shared_.change([&](auto& state) {
          for (const auto& each : partitions) {
            if (!state.fetch.awaits_position(each, PositionSource::kCommitted)) continue;
            const auto found = committed->find(each);
            if (found != committed->end()) {
              state.fetch.set_position(each, PositionSource::kCommitted, found->second.offset,
                                       found->second.leader_epoch);
            } else {
              reset_position(state.fetch, each, config_.offset_reset, nothing_committed(each));
            }
          }
        });
        run();
      }));
}

void Fetcher::load_resets(PositionSource source) {
  const auto partitions =
      shared_.with([&](auto& state) { return state.fetch.take_unpositioned(source); });
  if (partitions.empty()) return;
  const auto spec =
      source == PositionSource::kEarliest ? OffsetSpec::earliest() : OffsetSpec::latest();
  std::map<TopicPartition, std::int64_t> wanted;
  for (const auto& each : partitions) wanted[each] = spec.timestamp;
  list_offsets(cluster_, std::move(wanted), config_.isolation_level,
               cluster_.loop().now() + config_.api_timeout,
               life_.guard([this, source](const ListedOffsets& listed) {
                 std::vector<TopicPartition> failed;
                 shared_.change([&](auto& state) {
                   for (const auto& [partition, found] : listed) {
                     if (!state.fetch.awaits_position(partition, source)) continue;
                     if (found.ok()) {
                       state.fetch.set_position(partition, source, found->offset,
                                                found->leader_epoch);
                     } else if (wire::is_retriable(found.error())) {
                       failed.push_back(partition);
                     } else {
                       state.fetch.set_error(partition, found.error());
                     }
                   }
                 });
                 if (!failed.empty()) retry_positions(failed, source);
                 run();
               }));
}

void Fetcher::retry_positions(const std::vector<TopicPartition>& partitions,
                              PositionSource source) {
  const Millis delay = next_delay(config_.connection.retry_backoff, failures_++, cluster_.random());
  const auto again = life_.guard([this, partitions, source](const Status& status) {
    if (!status.ok()) return;
    shared_.with([&](auto& state) {
      for (const auto& each : partitions) state.fetch.retry_position(each, source);
    });
    run();
  });
  cluster_.call_later(delay, again);
}

void Fetcher::send_fetches(MonotonicTime now) {
  const auto leader_of = [this](const TopicPartition& partition) {
    return cluster_.metadata().leader(partition);
  };
  auto plan = shared_.with([&](auto& state) {
    auto made = state.fetch.plan(leader_of, now);
    state.metrics.fetch_requests += made.requests.size();
    return made;
  });
  if (plan.has_leaderless) cluster_.refresh_metadata();
  for (auto& [leader, checks] : plan.checks) checker_.ask(leader, std::move(checks));
  for (auto& [broker, request] : plan.requests) {
    name_topics_by_id(request);
    send_fetch(broker, std::move(request));
  }
}

void Fetcher::name_topics_by_id(FetchPlan& plan) const {
  const PlannedPart* last = nullptr;
  for (PlannedPart& part : plan.parts) {
    if (last != nullptr && last->partition.topic == part.partition.topic) {
      part.topic_id = last->topic_id;
    } else if (const auto* const topic = cluster_.metadata().topic(part.partition.topic)) {
      part.topic_id = topic->id;
    }
    last = &part;
  }
}

void Fetcher::send_fetch(BrokerId broker, FetchPlan plan) {
  const auto wanted = std::make_shared<const FetchPlan>(std::move(plan));
  const Lane lane = choose_lane(broker, wanted->parts.size());
  BrokerFetchSession* const session = session_for(broker, lane, wanted->parts.size());
  const FetchPlan asked = session == nullptr ? *wanted : session->begin(wanted);
  const SentFetch sent{broker, wanted, session, asked.is_incremental()};
  send(broker, lane, asked, versions_for(*wanted),
       life_.guard([this, sent](Result<Answer> answer) { on_answer(sent, std::move(answer)); }));
}

void Fetcher::send(BrokerId broker, Lane lane, const FetchPlan& plan, wire::VersionRange versions,
                   std::function<void(Result<Answer>)> done) {
  Call call;
  call.api = wire::ApiKey::kFetch;
  call.versions = versions;
  call.timeout = config_.connection.request_timeout + config_.fetch_wait_max;
  call.encode = [request = to_request(plan, terms_)](
                    const wire::RequestHeader& header) -> Result<io::Chunks> {
    auto encoded = wire::encode_request(header, request);
    if (!encoded.ok()) return std::move(encoded).error();
    io::Chunks chunks;
    chunks.emplace_back(std::move(encoded).value());
    return chunks;
  };
  call.done = std::move(done);
  cluster_.send(broker, lane, std::move(call));
}

/// Of the lanes that are free the one whose session is most alike, so that sessions change little:
/// partitions that are silent stay in one, those that are not in another. The first, whose
/// connection there is, when they are much the same.
Lane Fetcher::choose_lane(BrokerId broker, std::size_t part_count) const {
  std::optional<Lane> best;
  std::size_t least = 0;
  for (const Lane lane : kFetchLanes) {
    if (cluster_.unanswered_count(broker, lane) > 0) continue;
    const std::size_t size = session_size(broker, lane);
    const std::size_t difference = std::max(
        kPartsWorthAnotherSession, size > part_count ? size - part_count : part_count - size);
    if (best && difference >= least) continue;
    best = lane;
    least = difference;
  }
  return best.value_or(kFetchLanes.back());
}

std::size_t Fetcher::session_size(BrokerId broker, Lane lane) const {
  const auto session = sessions_.find({broker, lane});
  return session == sessions_.end() ? 0 : session->second.size();
}

/// Null: the fetch is outside of any.
BrokerFetchSession* Fetcher::session_for(BrokerId broker, Lane lane, std::size_t part_count) {
  if (lane != kFetchLanes.front() && part_count < kPartsWorthAnotherSession) return nullptr;
  BrokerFetchSession& session = sessions_[{broker, lane}];
  return session.is_under_way() ? nullptr : &session;
}

/// Over another lane than theirs, where fetches are held back.
void Fetcher::end_sessions() {
  for (const auto& [where, session] : sessions_) {
    if (!session.is_open()) continue;
    const FetchPlan ending = session.ending();
    send(where.first, Lane::kMain, ending, versions_for(ending), [](const Result<Answer>&) {});
  }
}

void Fetcher::fail_all(const FetchPlan& plan) {
  const Millis delay = next_delay(config_.connection.retry_backoff, failures_++, cluster_.random());
  const MonotonicTime retry_at = cluster_.loop().now() + delay;
  shared_.with([&](auto& state) {
    for (const auto& part : plan.parts) {
      state.fetch.on_fetch_failed(part, retry_at);
      state.fetch.read_from_leader(part.partition);
    }
  });
  cluster_.refresh_metadata();
}

void Fetcher::fetch_again(const FetchPlan& plan) {
  const MonotonicTime now = cluster_.loop().now();
  shared_.with([&](auto& state) {
    for (const auto& part : plan.parts) state.fetch.on_fetch_failed(part, now);
  });
}

void Fetcher::on_answer(const SentFetch& sent, Result<Answer> answer) {
  const FetchPlan& plan = *sent.plan;
  shared_.with([&](auto& state) { state.fetch.on_request_done(sent.broker); });
  auto response = answer.ok() ? answer->decode<wire::FetchResponse>()
                              : Result<wire::FetchResponse>(answer.error());
  if (!response.ok()) {
    if (sent.session != nullptr) sent.session->on_failed();
    fail_all(plan);
    run();
    return;
  }
  if (sent.session != nullptr) sent.session->on_answer(*response);
  if (response->error_code != 0) {
    // The broker no longer has the session, or not as it was: the next fetch begins another.
    if (sent.is_incremental) {
      fetch_again(plan);
    } else {
      fail_all(plan);
    }
    run();
    return;
  }
  failures_ = 0;
  // Counted before the application can read any of it.
  const std::size_t bytes = answer->frame.size();
  shared_.with([&](auto& state) { state.metrics.bytes_fetched += bytes; });
  cluster_.metadata().note_brokers(response->node_endpoints);
  const bool has_records =
      std::any_of(response->responses.begin(), response->responses.end(), [](const auto& topic) {
        return std::any_of(topic.partitions.begin(), topic.partitions.end(),
                           [](const auto& data) { return !data.records.bytes.empty(); });
      });
  // What comes next is small, or comes much later.
  if (!has_records) cluster_.frame_memory()->clear();
  // Moving the frame leaves its bytes, and so the views into them, where they are.
  const SharedBuffer frame = BufferPool::share(cluster_.frame_memory(), std::move(answer->frame));
  for (const auto& topic : response->responses) {
    for (const auto& data : topic.partitions) {
      const PlannedPart* const part = plan.find(topic.topic, topic.topic_id, data.partition_index);
      if (part != nullptr) on_part(sent.broker, *part, data, frame);
    }
  }
  // What the answer left out is asked again.
  fetch_again(plan);
  shared_.wake();
  run();
}

void Fetcher::on_part(BrokerId asked, const PlannedPart& part,
                      const wire::FetchResponse::PartitionData& data, const SharedBuffer& frame) {
  if (data.error_code != 0) {
    on_part_failed(asked, part, data);
    return;
  }
  const BrokerId replica{data.preferred_read_replica};
  if (replica != kNoBroker) return on_nearer_replica(part, replica);
  FetchedPart fetched;
  fetched.frame = frame;
  fetched.records = data.records.bytes;
  fetched.from = part.offset;
  fetched.leader_epoch = part.leader_epoch;
  fetched.high_watermark = Offset{data.high_watermark};
  fetched.last_stable_offset = Offset{data.last_stable_offset};
  if (data.aborted_transactions) {
    for (const auto& each : *data.aborted_transactions) {
      fetched.aborted.push_back({ProducerId{each.producer_id}, Offset{each.first_offset}});
    }
  }
  shared_.with([&](auto& state) { state.fetch.on_fetched(part, std::move(fetched)); });
}

// The leader keeps its records back from whoever has a nearer replica, and answers at once.
void Fetcher::on_nearer_replica(const PlannedPart& part, BrokerId replica) {
  const MonotonicTime now = cluster_.loop().now();
  if (cluster_.metadata().broker(replica) != nullptr) {
    const auto until = now + config_.connection.metadata_max_age;
    return shared_.with([&](auto& state) { state.fetch.read_from(part, replica, until); });
  }
  // Not there when the metadata were asked for: a broker that has come back.
  cluster_.refresh_metadata();
  shared_.with([&](auto& state) {
    state.fetch.on_fetch_failed(part, now + config_.connection.retry_backoff.base);
  });
}

void Fetcher::on_part_failed(BrokerId asked, const PlannedPart& part,
                             const wire::FetchResponse::PartitionData& data) {
  const auto code = static_cast<KafkaError>(data.error_code);
  if (code == KafkaError::kOffsetOutOfRange) return on_out_of_range(part);
  const MonotonicTime now = cluster_.loop().now();
  // A corrupt message may be sent again, but what lies on the broker's disk will not heal.
  if (!wire::is_retriable(code) || code == KafkaError::kCorruptMessage) {
    const Error error = wire::make_error(
        code, fmt::format("fetch of {} from offset {}", part.partition, part.offset));
    shared_.change([&](auto& state) {
      if (!state.fetch.is_current(part)) return;
      state.fetch.on_fetch_failed(part, now);
      state.fetch.set_error(part.partition, error);
    });
    return;
  }
  // Who leads now may stand in the answer (KIP-951): then nobody need be asked.
  const bool is_leader_told = cluster_.metadata().note_leader_after(
      {asked, part.leader_epoch}, part.partition,
      {BrokerId{data.current_leader.leader_id}, LeaderEpoch{data.current_leader.leader_epoch}});
  if (!is_leader_told) {
    if (wire::error_class(code) == wire::ErrorClass::kRefreshLeader) {
      cluster_.metadata().forget_leader(part.partition);
    }
    cluster_.refresh_metadata();
  }
  shared_.with([&](auto& state) {
    state.fetch.read_from_leader(part.partition);
    state.fetch.on_fetch_failed(part,
                                is_leader_told ? now : now + config_.connection.retry_backoff.base);
  });
}

// A replica may lag behind the leader, or begin later: only the leader's word counts.
void Fetcher::on_out_of_range(const PlannedPart& part) {
  shared_.change([&](auto& state) {
    if (!state.fetch.is_current(part)) return;
    if (state.fetch.read_from_leader(part.partition)) {
      state.fetch.on_fetch_failed(part, cluster_.loop().now());
      return;
    }
    reset_position(state.fetch, part.partition, config_.offset_reset,
                   Error{ErrorCode::kOutOfRange,
                         fmt::format("{} has no offset {}, and auto.offset.reset is none",
                                     part.partition, part.offset)});
  });
}

void Fetcher::arm_timer(MonotonicTime now) {
  const auto retry = shared_.with([&](auto& state) { return state.fetch.next_retry(now); });
  cluster_.loop().cancel(timer_);
  timer_ = 0;
  if (!retry) return;
  const auto delay = std::chrono::ceil<Millis>(*retry - now);
  timer_ = cluster_.loop().call_after(delay, life_.guard([this] {
    timer_ = 0;
    run();
  }));
}

}  // namespace millrace::client
