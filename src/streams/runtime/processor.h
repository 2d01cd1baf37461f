// Processors: the nodes of a running task. Each hands its records to the next by a plain virtual
// call, typed on both sides; the task itself knows them only untyped.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "model/record.h"
#include "streams/record.h"
#include "streams/runtime/processor_context.h"

namespace millrace::streams {

/// A node. Owned by its task; one per task, so it needs no lock.
class Processor {
 public:
  virtual ~Processor() = default;
  /// Makes `child` receive what this node forwards. The types were matched when the topology was
  /// built.
  virtual void connect(Processor& child) = 0;
  /// Whether it looks at the old value of a Change that it receives.
  virtual bool wants_old_values() const { return false; }
  /// Called before the first record, stores restored; and again, before the next, when the stores
  /// went back to an earlier state: what the node keeps beside them starts over.
  virtual void init(ProcessorContext& /*context*/, const NodeNames& /*names*/) {}
};

/// A source: turns records of a topic into typed ones.
class SourceNode : public Processor {
 public:
  /// Feeds `records` through the sub-topology, in order, until they end or the context has failed.
  virtual void process(std::span<const RecordView> records) = 0;
};

/// What can be given a Record<K, V>.
template <class K, class V>
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual void receive(const Record<K, V>& record) = 0;
};

/// The sending side of a node.
template <class K, class V>
class Outlet {
 public:
  void connect(Processor& child) {
    auto* const receiver = dynamic_cast<Receiver<K, V>*>(&child);
    CHECK(receiver != nullptr, "an operator was connected to records of another type");
    receivers_.push_back(receiver);
  }
  void forward(const Record<K, V>& record) const {
    for (Receiver<K, V>* const receiver : receivers_) receiver->receive(record);
  }

 private:
  std::vector<Receiver<K, V>*> receivers_;  // owned by the task, like this node
};

/// A node that receives Record<K, V> and forwards Record<K2, V2>.
template <class K, class V, class K2 = K, class V2 = V>
class Operator : public Processor, public Receiver<K, V> {
 public:
  void connect(Processor& child) override { outlet_.connect(child); }

 protected:
  void forward(const Record<K2, V2>& record) const { outlet_.forward(record); }
  const Outlet<K2, V2>& outlet() const { return outlet_; }

 private:
  Outlet<K2, V2> outlet_;
};

}  // namespace millrace::streams
