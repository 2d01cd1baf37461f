// ConsumerGroupMember: the life of one member of a group of the consumer protocol (KIP-848), as a
// state machine without a socket. The coordinator deals; the member is told with its heartbeats
// what it is to own, gets there with the application, and says so.
//
//   idle ──subscribe──▶ joining (epoch 0) ──answer──▶ member (epoch > 0) ──┐
//                          ▲                                               │ fenced, or the
//                          └──the application has let go── releasing ◀─────┘ application is away
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/cluster/backoff.h"
#include "client/group/group_effects.h"
#include "client/group/subscription.h"
#include "model/uuid.h"
#include "wire/messages/consumer_group_heartbeat.h"

namespace millrace::client {

struct ConsumerGroupMemberConfig {
  std::string group_id = {};
  std::string member_id = {};  // for all its life, whatever it is fenced off from
  std::optional<std::string> group_instance_id = {};
  std::optional<std::string> rack = {};
  std::optional<std::string> remote_assignor = {};  // none: the group's own
  Millis rebalance_timeout{300'000};
  Backoff retry_backoff{Millis{100}, Millis{1000}};
};

struct SendGroupHeartbeat {
  GroupTicket ticket;
  wire::ConsumerGroupHeartbeatRequest request;
};
/// No answer is waited for.
struct SendGroupLeave {
  wire::ConsumerGroupHeartbeatRequest request;
};
/// Something is wrong that others can mend; the member goes on.
struct GroupTrouble {
  Error error;
};
using ConsumerGroupEffect =
    std::variant<SendGroupHeartbeat, SendGroupLeave, Rebalance, GroupTrouble, GroupFailed>;

/// Every input may leave effects; the owner performs them in order. All requests go to the group's
/// coordinator, which the owner finds.
///
/// Invariants:
/// - One heartbeat is under way at most; what is new meanwhile goes with the next, at once.
/// - The coordinator hears that partitions were given up after the application has done so. Those
/// that
///   the application is being given count as owned: it may have begun with them.
/// - The application is given nothing while the coordinator may be reading, or have read, that the
///   member does not own it, and may have dealt it to another because of that.
/// - After any failure everything is told anew, since nobody knows what has arrived.
/// - A member that was fenced joins again only when the application has let go of what it lost.
/// source  KIP-848, and how Apache Kafka's Java client behaves
class ConsumerGroupMember {
 public:
  ConsumerGroupMember(ConsumerGroupMemberConfig config, Random random);

  /// Joins for these topics, or tells the group of them.
  void subscribe(Subscription subscription, MonotonicTime now);
  /// Leaves at once. A static member says that it may come back.
  void leave();
  /// The application has not polled in time: the group must not wait for it. Its partitions are
  /// lost; once it has acknowledged that, the member joins again.
  void on_poll_overdue();
  /// The answer to Rebalance.
  void on_rebalance_done(MonotonicTime now);
  /// Sends what is due: heartbeats and retries.
  void on_time(MonotonicTime now);
  void on_heartbeat(GroupTicket ticket, const Result<wire::ConsumerGroupHeartbeatResponse>& answer,
                    MonotonicTime now);
  /// The coordinator refused a commit that was made in `epoch`. What says that the member has no
  /// place any more is found out about at once.
  void on_commit_refused(const Error& error, std::int32_t epoch, MonotonicTime now);
  /// What some topics are called, or are called now.
  void on_topic_names(const std::map<Uuid, std::string>& names, MonotonicTime now);

  std::vector<ConsumerGroupEffect> take_effects() { return std::move(effects_); }
  /// When on_time() wants to be called next; nothing while an answer is waited for.
  std::optional<MonotonicTime> next_deadline() const;

  const std::string& member_id() const { return member_id_; }
  /// Above 0 while the group counts on the member, else -1.
  std::int32_t epoch() const { return state_ == State::kMember ? epoch_ : -1; }
  /// Topics that partitions were dealt of, whose names have to be told.
  std::vector<Uuid> unnamed_topics() const;
  /// Those of the partitions that the member owns or is to own, as far as their names are known.
  std::set<std::string> topics() const;

 private:
  using Partitions = std::map<Uuid, std::set<std::int32_t>>;
  enum class State {
    kIdle,
    kReleasing,  // no member; joins when the application has acknowledged
    kJoining,    // the first heartbeat is under way, or to be tried again
    kMember
  };
  /// What the coordinator knows already; nothing after a failure.
  struct Told {
    std::optional<Subscription> subscription;
    bool has_pattern = false;  // it knows one, which may have to be taken back
  };

  void join(MonotonicTime now);
  void beat_if_due(MonotonicTime now);
  void send_heartbeat(MonotonicTime now);
  wire::ConsumerGroupHeartbeatRequest request_with(std::int32_t epoch) const;
  void tell_subscription(wire::ConsumerGroupHeartbeatRequest& request);
  bool has_news() const;
  void on_answer(const wire::ConsumerGroupHeartbeatResponse& answer, MonotonicTime now);
  void on_failure(const Error& error, MonotonicTime now);
  void take_target(const wire::ConsumerGroupHeartbeatResponse::Assignment& assignment);
  void reconcile();
  void forget_membership();
  enum class AskApplication { kWhenItOwns, kAlways };
  void lose_partitions(AskApplication when, MonotonicTime now);
  void fail(Error error);
  void hand_over(Rebalance rebalance, Partitions taken);
  std::vector<TopicPartition> named(const Partitions& partitions) const;

  const ConsumerGroupMemberConfig config_;
  Random random_;
  State state_ = State::kIdle;
  std::vector<ConsumerGroupEffect> effects_;
  GroupTicket ticket_ = 0;  // of the heartbeat that is waited for
  bool heartbeat_under_way_ = false;
  MonotonicTime sent_at_{};
  MonotonicTime next_heartbeat_{};
  MonotonicTime earliest_{};  // no heartbeat before, whatever there is to say
  Millis interval_{3000};     // until the coordinator says another
  int failures_ = 0;

  Subscription subscription_;
  Told told_;
  std::string member_id_;
  std::int32_t epoch_ = 0;
  std::map<Uuid, std::string> names_;
  Partitions owned_;
  std::optional<Partitions> target_;  // as the coordinator said last
  bool is_behind_ = false;            // target_ is not owned_, or was not acknowledged
  bool owns_news_ = false;            // owned_ is to be told
  bool is_word_out_ = false;          // of what it owns, and not answered yet
  bool has_assignment_ = false;       // the application has been told of one since the join
  bool application_busy_ = false;     // a Rebalance has not been acknowledged
  bool loss_pending_ = false;         // to be told once the application is free
  Partitions taken_;                  // owned_ once the application has acknowledged
};

}  // namespace millrace::client
