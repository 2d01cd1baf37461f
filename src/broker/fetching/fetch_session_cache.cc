#include "broker/fetching/fetch_session_cache.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/probe.h"
#include "broker/fetching/fetch_read.h"

namespace millrace::broker {

namespace {

using wire::KafkaError;

constexpr std::int32_t kNoSession = 0;
constexpr std::int32_t kFullEpoch = 0;
constexpr std::int32_t kOutsideSessions = -1;

std::int32_t session_epoch_after(std::int32_t epoch) {
  return epoch == INT32_MAX ? 1 : epoch + 1;
}

SessionFetch session_refused(KafkaError error) {
  SessionFetch fetch;
  fetch.error = error;
  return fetch;
}

}  // namespace

SessionFetch FetchSessionCache::begin(wire::FetchRequest& request, NamedBy by, MonotonicTime now) {
  const bool is_full =
      request.session_epoch == kFullEpoch || request.session_epoch == kOutsideSessions;
  return is_full ? begin_full(request, by) : begin_incremental(request, by, now);
}

SessionFetch FetchSessionCache::begin_full(wire::FetchRequest& request, NamedBy by) {
  if (const auto old = sessions_.find(request.session_id); old != sessions_.end()) remove(old);
  auto content = std::make_unique<FetchSession>(by);
  content->ask(request.topics);
  request.topics = content->asked();

  SessionFetch fetch;
  if (request.session_epoch == kOutsideSessions) return fetch;
  fetch.kind = SessionFetch::Kind::kFull;
  fetch.is_privileged = is_from_replica(request);
  fetch.fresh = std::move(content);
  return fetch;
}

SessionFetch FetchSessionCache::begin_incremental(wire::FetchRequest& request, NamedBy by,
                                                  MonotonicTime now) {
  const auto found = sessions_.find(request.session_id);
  if (found == sessions_.end()) return session_refused(KafkaError::kFetchSessionIdNotFound);
  Session& session = found->second;
  if (session.epoch != request.session_epoch)
    return session_refused(KafkaError::kInvalidFetchSessionEpoch);
  if (session.content->named_by() != by)
    return session_refused(KafkaError::kFetchSessionTopicIdError);

  partition_count_ -= session.size();
  session.content->ask(request.topics);
  session.content->forget(request.forgotten_topics_data);
  partition_count_ += session.size();
  SessionFetch fetch;
  if (session.content->is_empty()) {
    remove(found);
    return fetch;
  }
  request.topics = session.content->asked();
  if (partition_count_ > limits_.partitions_max) {
    PROBE("broker: a fetch session grew beyond what all may have");
    remove(found);  // the answer is full, and says that there is no session any more
    return fetch;
  }
  session.used_at = now;
  session.epoch = session_epoch_after(session.epoch);
  fetch.kind = SessionFetch::Kind::kIncremental;
  fetch.session_id = found->first;
  fetch.next_epoch = session.epoch;
  return fetch;
}

void FetchSessionCache::finish(SessionFetch fetch, wire::FetchResponse& response,
                               MonotonicTime now) {
  switch (fetch.kind) {
    case SessionFetch::Kind::kSessionless:
      return;
    case SessionFetch::Kind::kFull:
      fetch.fresh->note_sent(response.responses);
      response.session_id = keep(std::move(fetch), now);
      return;
    case SessionFetch::Kind::kIncremental: {
      response.session_id = fetch.session_id;
      const auto found = sessions_.find(fetch.session_id);
      if (found != sessions_.end() && found->second.epoch == fetch.next_epoch)
        return found->second.content->keep_changes(response.responses);
      response.error_code = code_of(KafkaError::kInvalidFetchSessionEpoch);
      response.responses.clear();
      return;
    }
  }
}

/// Returns the id of the session that the fetch becomes; kNoSession when there is no room.
std::int32_t FetchSessionCache::keep(SessionFetch fetch, MonotonicTime now) {
  const std::size_t size = fetch.fresh->size();
  if (!make_room(size, fetch.is_privileged, now)) return kNoSession;
  const std::int32_t id = new_id();
  Session session;
  session.content = std::move(fetch.fresh);
  session.is_privileged = fetch.is_privileged;
  session.made_at = now;
  session.used_at = now;
  sessions_.emplace(id, std::move(session));
  partition_count_ += size;
  return id;
}

bool FetchSessionCache::make_room(std::size_t size, bool is_privileged, MonotonicTime now) {
  const auto has_room = [&] {
    return sessions_.size() < limits_.sessions_max &&
           partition_count_ + size <= limits_.partitions_max;
  };
  if (has_room()) return true;
  if (sessions_.empty()) return false;

  const auto stalest = std::min_element(
      sessions_.begin(), sessions_.end(),
      [](const auto& one, const auto& other) { return one.second.used_at < other.second.used_at; });
  if (now - stalest->second.used_at > limits_.eviction_age) {
    PROBE("broker: a fetch session made room because it was not used");
    remove(stalest);
    return has_room();
  }
  const auto worth = [](const auto& entry) {
    return std::make_tuple(entry.second.is_privileged, entry.second.size(), entry.first);
  };
  auto cheapest = sessions_.end();
  for (auto each = sessions_.begin(); each != sessions_.end(); ++each) {
    if (!may_evict(each->second, is_privileged)) continue;
    if (cheapest == sessions_.end() || worth(*each) < worth(*cheapest)) cheapest = each;
  }
  if (cheapest == sessions_.end()) return false;
  if (std::make_tuple(is_privileged, size, 0) < worth(*cheapest)) return false;
  PROBE("broker: a fetch session made room for a larger one");
  remove(cheapest);
  return has_room();
}

/// Whether it has been used for long enough, unless it is a consumer's and a replica's is to come.
bool FetchSessionCache::may_evict(const Session& session, bool for_privileged) const {
  if (for_privileged && !session.is_privileged) return true;
  return session.used_at - session.made_at > limits_.eviction_age;
}

void FetchSessionCache::remove(Sessions::iterator session) {
  partition_count_ -= session->second.size();
  sessions_.erase(session);
}

std::int32_t FetchSessionCache::new_id() {
  while (true) {
    const auto id = static_cast<std::int32_t>(1 + random_.below(INT32_MAX - 1));
    if (sessions_.count(id) == 0) return id;
  }
}

}  // namespace millrace::broker
