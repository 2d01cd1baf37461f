// Table: the current value of each key, as an aggregation keeps it.
#pragma once

#include <string>
#include <utility>

#include "streams/dsl/change.h"
#include "streams/serde.h"
#include "streams/topology/topology_builder.h"

namespace millrace::streams {

template <class K, class V>
class Stream;

/// A result with a store. A handle: copy freely, valid while its StreamsBuilder lives.
template <class K, class V>
class Table {
 public:
  Table(TopologyBuilder& builder, NodeId node, AnySerde<K> key_serde, AnySerde<V> value_serde,
        std::string store_name)
      : builder_(&builder),
        node_(node),
        key_serde_(std::move(key_serde)),
        value_serde_(std::move(value_serde)),
        store_name_(std::move(store_name)) {}

  /// Every update (or, with EmitStrategy::kOnWindowClose, every final result) as a record: key,
  /// new value, timestamp = the largest of the records in it.
  Stream<K, V> to_stream() const;
  /// The same with the value that each update replaces. A Change points to values that live while
  /// it is handled: map it to what is needed of them, also before writing it to a topic.
  ///   clicks.changes().map_values([](const Change<std::int64_t>& change) { … });
  Stream<K, Change<V>> changes() const;

  const std::string& store_name() const { return store_name_; }

 private:
  TopologyBuilder* builder_;  // the StreamsBuilder's
  NodeId node_;
  AnySerde<K> key_serde_;
  AnySerde<V> value_serde_;
  std::string store_name_;
};

}  // namespace millrace::streams
