// Makes sure that the topics of an application are there before it starts.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/time.h"
#include "client/admin.h"
#include "streams/runtime/internal_topics.h"
#include "streams/runtime/streams_config.h"
#include "streams/topology/topology.h"

namespace millrace::streams {

/// Waits for as long as it is told; an Error when the start was given up meanwhile.
using Pause = std::function<Status(Millis)>;

/// Looks the source topics up and makes the internal topics that are missing. A source topic that
/// is not there is asked for again for three seconds: it may have been made a moment ago.
/// pause   waits between two questions
/// errors  kNotFound naming a source topic that does not exist; kInvalidArgument when an internal
///         topic exists with another partition count; what the brokers answer; what `pause` answers
Result<InternalTopicPlan> prepare_topics(client::Admin& admin, const Topology& topology,
                                         const StreamsConfig& config, const Pause& pause);

}  // namespace millrace::streams
