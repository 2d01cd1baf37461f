// Makes sure that the topics of an application are there before it starts.
#pragma once

#include "base/result.h"
#include "client/admin.h"
#include "streams/runtime/internal_topics.h"
#include "streams/runtime/streams_config.h"
#include "streams/topology/topology.h"

namespace millrace::streams {

/// Looks the source topics up and makes the internal topics that are missing. A source topic that
/// is not there is asked for again for three seconds: it may have been made a moment ago.
/// admin   its wakeup() ends this with kCancelled
/// errors  kNotFound naming a source topic that does not exist; kInvalidArgument when an internal
///         topic exists with another partition count; what the brokers answer
Result<InternalTopicPlan> prepare_topics(client::Admin& admin, const Topology& topology,
                                         const StreamsConfig& config);

}  // namespace millrace::streams
