// TaskPlan: a sub-topology as the runtime needs it: which processors to make, how they connect,
// which stores they use. Made once by topology/, shared by all tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "streams/runtime/processor.h"
#include "streams/state/store_factory.h"

namespace millrace::streams {

/// A topic in a topology. Internal ones get the application's id in front at run time.
struct TopicRef {
  enum class Kind { kExternal, kInternal };
  std::string name;
  Kind kind = Kind::kExternal;

  std::string resolve(std::string_view application_id) const;
  auto operator<=>(const TopicRef&) const = default;
};

enum class NodeKind { kSource, kProcessor, kSink };
using NodeId = std::size_t;
using ProcessorFactory = std::function<std::unique_ptr<Processor>()>;

struct NodePlan {
  std::string name;
  NodeKind kind = NodeKind::kProcessor;
  TopicRef topic = {};  // of a source or a sink
  std::vector<std::string> stores = {};
  std::vector<NodeId> parents = {};  // indices into the same plan
  std::vector<NodeId> children = {};
  ProcessorFactory make = {};
};

enum class Changelog { kOn, kOff };

struct StorePlan {
  std::string name;
  Changelog changelog = Changelog::kOn;
  StoreFactory make;
};

/// `<application.id>-<store>-changelog`, Kafka Streams' name.
std::string changelog_topic(std::string_view application_id, std::string_view store);

struct TaskPlan {
  std::int32_t subtopology = 0;
  std::vector<NodePlan> nodes;  // parents before children
  std::vector<StorePlan> stores;

  std::vector<TopicRef> source_topics() const;
};

}  // namespace millrace::streams
