// FetchSessionCache: the fetch sessions of a broker, of which there are only so many. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "base/random.h"
#include "base/time.h"
#include "broker/fetching/fetch_session.h"
#include "broker/fetching/fetch_session_limits.h"
#include "wire/error_codes.h"
#include "wire/messages/fetch.h"

namespace millrace::broker {

/// One fetch, from its request to its answer.
struct SessionFetch {
  /// Not kNone: what the whole request is answered.
  wire::KafkaError error = wire::KafkaError::kNone;
  enum class Kind : std::uint8_t { kSessionless, kFull, kIncremental } kind = Kind::kSessionless;
  std::int32_t session_id = 0;          // kIncremental
  std::int32_t next_epoch = 0;          // kIncremental: the session's, unless another fetch came
  bool is_privileged = false;           // kFull
  std::unique_ptr<FetchSession> fresh;  // kFull: the session that it may become
};

/// Who makes room, as in Kafka: a session that was not used for `eviction_age`; else the smallest
/// of those that are older than that and no larger than the newcomer. Replicas' sessions are
/// privileged: they make room for each other only, and young consumers' make room for them.
/// thread  one at a time
class FetchSessionCache {
 public:
  FetchSessionCache(FetchSessionLimits limits, Random random) : limits_(limits), random_(random) {}

  /// Begins a fetch, and lets `request` name all that is to be read: what the session asks for, in
  /// turn; each partition once.
  /// errors  FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH,
  ///         FETCH_SESSION_TOPIC_ID_ERROR (other fetches of the session named topics otherwise)
  SessionFetch begin(wire::FetchRequest& request, NamedBy by, MonotonicTime now);
  /// Makes of an answer to all of that the one that is sent. When another fetch of the session
  /// has come meanwhile, that is INVALID_FETCH_SESSION_EPOCH without records.
  void finish(SessionFetch fetch, wire::FetchResponse& response, MonotonicTime now);

  std::size_t session_count() const { return sessions_.size(); }
  std::size_t partition_count() const { return partition_count_; }

 private:
  struct Session {
    std::unique_ptr<FetchSession> content;
    bool is_privileged = false;
    MonotonicTime made_at;
    MonotonicTime used_at;
    std::int32_t epoch = 1;  // of the next fetch

    std::size_t size() const { return content->size(); }
  };
  using Sessions = std::map<std::int32_t, Session>;

  SessionFetch begin_full(wire::FetchRequest& request, NamedBy by);
  SessionFetch begin_incremental(wire::FetchRequest& request, NamedBy by, MonotonicTime now);
  std::int32_t keep(SessionFetch fetch, MonotonicTime now);
  bool make_room(std::size_t size, bool is_privileged, MonotonicTime now);
  bool may_evict(const Session& session, bool for_privileged) const;
  void remove(Sessions::iterator session);
  std::int32_t new_id();

  const FetchSessionLimits limits_;
  Random random_;
  Sessions sessions_;
  std::size_t partition_count_ = 0;
};

}  // namespace millrace::broker
