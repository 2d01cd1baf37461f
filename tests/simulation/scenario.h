// Scenario: what a seed makes of a run, before it runs. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "tests/simulation/sabotage.h"

namespace millrace::simulation {

/// How the partitions of a group are dealt.
enum class GroupProtocol : std::uint8_t {
  kClassic,   // by a member
  kConsumer,  // by the broker (KIP-848)
  kBoth       // each member speaks one or the other, and the group goes over and back; of one
              // that is empty then the generations begin anew
};

struct Scenario {
  std::int32_t partitions = 1;
  int broker_loops = 1;
  int producers = 1;
  int consumers = 1;
  int stream_threads = 0;  // 0: no stream application
  int transactional_producers = 0;
  int pipelines = 0;                                       // copy from topic to topic, exactly once
  int table_writers = 0;                                   // write into a compacted topic
  bool is_cooperative = true;                              // of the classic protocol
  GroupProtocol group_protocol = GroupProtocol::kClassic;  // kBoth: nobody could watch it
  GroupProtocol pipeline_protocol = GroupProtocol::kClassic;  // of the pipelines' group
  /// Of members that are dealt to by the broker. Those that die are missed after it, or where it is
  /// longer than they may take to give partitions up, when these are wanted.
  Millis consumer_session_timeout{6'000};
  int brokers = 1;   // that the process is to its clients (ADR 31)
  int replicas = 1;  // of each partition
  /// How much of fetch sessions a broker remembers; 0: as much as it likes.
  int fetch_sessions_max = 0;
  int fetch_session_partitions_max = 0;
  int keys = 10;
  Millis send_pause_max{20};  // between the records of a producer
  Millis linger{0};
  Millis delivery_timeout{60'000};
  std::string compression = "none";
  std::int32_t segment_bytes = 1 << 20;
  /// How long code runs between two looks at the clock; without, what is due at the first cannot
  /// come due between the two.
  std::chrono::microseconds reading_cost{0};
  Millis duration{60'000};      // of trouble; then all is healed and must come to rest
  Millis trouble_pause{5'000};  // at most, between one trouble and the next

  // Which kinds of trouble there are at all.
  bool kills_brokers = false;  // the process dies, what it wrote stays
  bool cuts_power = false;     // the machine dies, what was not synced may be lost
  bool restarts_cleanly = false;
  bool isolates_hosts = false;
  bool breaks_connections = false;
  bool fills_disks = false;
  bool moves_clocks = false;
  bool crashes_consumers = false;
  bool stalls_consumers = false;
  bool crashes_streams = false;
  bool strikes_fault_points = false;
  bool loses_answers = false;               // of the broker, while it does what it is asked for
  bool keeps_no_assignment_epochs = false;  // commits count in the latest member epoch only
  bool stops_nodes = false;                 // single brokers of several
  bool moves_leaders = false;               // to another of several brokers, which all run

  Sabotage sabotage = Sabotage::kNone;

  /// Whether a commit may fail that was due: then its work is done again, at least once.
  bool may_fail_commits() const {
    return kills_brokers || cuts_power || restarts_cleanly || isolates_hosts ||
           breaks_connections || fills_disks || crashes_streams || strikes_fault_points ||
           stops_nodes || moves_leaders || loses_answers;
  }

  /// Whether a stream thread that was replaced may learn of it late, with counts of its own still
  /// under way to the topics: an older count may then come after a newer one.
  bool may_have_zombies() const {
    return isolates_hosts || breaks_connections || stops_nodes || loses_answers;
  }

  static Scenario from(Random& random);
  /// Several brokers, and what happens to them.
  void draw_nodes(Random& random);
  /// Has a stream application, and no trouble under which a window may count a record twice.
  void keep_counts_exact();
  /// Breaks that, in a world in which a run cannot miss it.
  void break_on_purpose(Sabotage what);
  std::string to_string() const;
};

}  // namespace millrace::simulation
