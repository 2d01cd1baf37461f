// StreamsConfig: the properties of a stream application, checked and dealt to its clients.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "client/properties.h"
#include "streams/runtime/processor_context.h"

namespace millrace::streams {

struct StreamsConfig {
  std::string application_id;
  std::int32_t threads = 1;
  Millis commit_interval{30'000};
  Millis poll_time{100};
  DeserializationPolicy on_bad_record = DeserializationPolicy::kLogAndFail;
  /// How long a source of a task is waited for; 0: not at all.
  Millis task_idle_max{0};
  std::size_t buffered_records_max = 1000;
  Millis purge_interval{30'000};  // of what was read of repartition topics
  std::int16_t replication_factor = -1;
  client::Properties consumer;  // without group.id and client.id, which the threads add
  client::Properties producer;
  client::Properties admin;

  /// errors  kInvalidArgument naming the property, what was wanted and what was found
  static Result<StreamsConfig> from(const client::Properties& properties);
};

}  // namespace millrace::streams
