// GroupedStream and WindowedStream: records gathered by key, and by key and window; the way to
// count(), reduce() and aggregate().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "streams/dsl/aggregation.h"
#include "streams/dsl/sink.h"
#include "streams/dsl/source.h"
#include "streams/dsl/stateless.h"
#include "streams/dsl/table.h"
#include "streams/state/store_factory.h"
#include "streams/topology/topology_builder.h"
#include "streams/windows.h"

namespace millrace::streams {

/// How records are grouped. What is not given comes from the stream.
template <class K, class V>
struct Grouped {
  std::string name = {};  // names the repartition topic: <application.id>-<name>-repartition
  std::optional<AnySerde<K>> key_serde = {};
  std::optional<AnySerde<V>> value_serde = {};
};

/// How an aggregate of type A is kept.
template <class A>
struct Materialized {
  std::string store_name = {};  // names the changelog: <application.id>-<store>-changelog
  AnySerde<A> value_serde = {};
  Changelog changelog = Changelog::kOn;
};

/// Whether records still lie in the partitions of their keys.
enum class KeyState {
  kAsRead,  // the keys of the source topic
  kChanged  // by an operator: grouping needs a repartition topic
};

/// What both grouped forms know of their input.
template <class K, class V>
struct GroupSource {
  TopologyBuilder* builder;  // the StreamsBuilder's
  NodeId node;
  AnySerde<K> key_serde;
  AnySerde<V> value_serde;
  KeyState keys;
  std::string name;
};

namespace internal {

/// Names the aggregation as Kafka Streams does: store, node, then the repartition topic's nodes.
/// Returns the node to aggregate after, behind a repartition topic when keys have changed.
template <class K, class V>
NodeId repartitioned(const GroupSource<K, V>& source, const std::string& store_name) {
  TopologyBuilder& builder = *source.builder;
  if (source.keys == KeyState::kAsRead) return source.node;
  builder.require_serde(source.key_serde, "key", "repartition of " + store_name);
  builder.require_serde(source.value_serde, "value", "repartition of " + store_name);
  const TopicRef topic{(source.name.empty() ? store_name : source.name) + "-repartition",
                       TopicRef::Kind::kInternal};
  const std::string sink_name = builder.next_name("KSTREAM-SINK");
  const NodeId keyed =
      builder.add_processor(builder.next_name("KSTREAM-FILTER"), {source.node},
                            [] { return std::make_unique<KeyedOnlyNode<K, V>>(); });
  const auto make_sink = [key = source.key_serde, value = source.value_serde] {
    return std::make_unique<TypedSink<K, V>>(key, value, nullptr);
  };
  builder.add_sink(sink_name, keyed, topic, make_sink);
  builder.add_repartition_topic(topic.name);
  return builder.add_source(builder.next_name("KSTREAM-SOURCE"), topic,
                            [key = source.key_serde, value = source.value_serde] {
                              return std::make_unique<TypedSource<K, V>>(key, value);
                            });
}

/// Adds an aggregation: `make_node(key serde, value serde)` makes its processor.
template <class RK, class A, class K, class V, class MakeNode>
Table<RK, A> add_aggregation(const GroupSource<K, V>& source, std::string_view role,
                             Materialized<A> materialized, AnySerde<RK> result_key_serde,
                             StoreFactory (*make_store)(std::string), MakeNode make_node) {
  TopologyBuilder& builder = *source.builder;
  std::string store_name = materialized.store_name;
  if (store_name.empty()) store_name = builder.next_name(std::string(role) + "-STATE-STORE");
  const std::string node_name = builder.next_name(role);
  builder.require_serde(source.key_serde, "key", "store " + store_name);
  builder.require_serde(materialized.value_serde, "value", "store " + store_name);
  const NodeId parent = repartitioned(source, store_name);
  const NodeId node = builder.add_stateful(
      node_name, {parent}, {{store_name, materialized.changelog, make_store(store_name)}},
      [make_node, key = source.key_serde, value = materialized.value_serde] {
        return make_node(key, value);
      });
  return Table<RK, A>(builder, node, std::move(result_key_serde), materialized.value_serde,
                      store_name);
}

}  // namespace internal

/// Records gathered by key and window.
template <class K, class V>
class WindowedStream {
 public:
  WindowedStream(GroupSource<K, V> source, TumblingWindows windows)
      : source_(std::move(source)), windows_(windows) {}

  WindowedStream emit_strategy(EmitStrategy emit) const {
    WindowedStream copy = *this;
    copy.emit_ = emit;
    return copy;
  }

  /// How many records each key has in each window.
  Table<Windowed<K>, std::int64_t> count(Materialized<std::int64_t> materialized = {}) const {
    return add("KSTREAM-AGGREGATE", std::move(materialized), CountCombiner<K, V>{});
  }
  /// fn  (so far, value) -> V
  template <class Fn>
  Table<Windowed<K>, V> reduce(Fn fn, Materialized<V> materialized = {}) const {
    return add("KSTREAM-REDUCE", std::move(materialized), ReduceCombiner<K, V, Fn>{std::move(fn)});
  }
  /// init  () -> A        add  (key, value, so far) -> A
  template <class Init, class Add, class A = std::decay_t<std::invoke_result_t<Init&>>>
  Table<Windowed<K>, A> aggregate(Init init, Add add_fn, Materialized<A> materialized = {}) const {
    return add("KSTREAM-AGGREGATE", std::move(materialized),
               FoldCombiner<K, V, A, Init, Add>{std::move(init), std::move(add_fn)});
  }

 private:
  template <class A, class C>
  Table<Windowed<K>, A> add(std::string_view role, Materialized<A> materialized, C combiner) const {
    return internal::add_aggregation<Windowed<K>, A>(
        source_, role, std::move(materialized),
        AnySerde<Windowed<K>>(WindowedSerde<K>(source_.key_serde, windows_.size())),
        &window_store_factory,
        [windows = windows_, emit = emit_, combiner](const AnySerde<K>& key,
                                                     const AnySerde<A>& value) {
          return std::make_unique<WindowedAggregation<K, V, A, C>>(key, value, windows, emit,
                                                                   combiner);
        });
  }

  GroupSource<K, V> source_;
  TumblingWindows windows_;
  EmitStrategy emit_ = EmitStrategy::kOnWindowUpdate;
};

/// Records gathered by key. A handle: copy freely, valid while its StreamsBuilder lives.
template <class K, class V>
class GroupedStream {
 public:
  explicit GroupedStream(GroupSource<K, V> source) : source_(std::move(source)) {}

  WindowedStream<K, V> windowed_by(TumblingWindows windows) const {
    return WindowedStream<K, V>(source_, windows);
  }

  /// How many records each key has had.
  Table<K, std::int64_t> count(Materialized<std::int64_t> materialized = {}) const {
    return add("KSTREAM-AGGREGATE", std::move(materialized), CountCombiner<K, V>{});
  }
  /// fn  (so far, value) -> V
  template <class Fn>
  Table<K, V> reduce(Fn fn, Materialized<V> materialized = {}) const {
    return add("KSTREAM-REDUCE", std::move(materialized), ReduceCombiner<K, V, Fn>{std::move(fn)});
  }
  /// init  () -> A        add  (key, value, so far) -> A
  template <class Init, class Add, class A = std::decay_t<std::invoke_result_t<Init&>>>
  Table<K, A> aggregate(Init init, Add add_fn, Materialized<A> materialized = {}) const {
    return add("KSTREAM-AGGREGATE", std::move(materialized),
               FoldCombiner<K, V, A, Init, Add>{std::move(init), std::move(add_fn)});
  }

 private:
  template <class A, class C>
  Table<K, A> add(std::string_view role, Materialized<A> materialized, C combiner) const {
    return internal::add_aggregation<K, A>(
        source_, role, std::move(materialized), source_.key_serde, &key_value_store_factory,
        [combiner](const AnySerde<K>& key, const AnySerde<A>& value) {
          return std::make_unique<KeyedAggregation<K, V, A, C>>(key, value, combiner);
        });
  }

  GroupSource<K, V> source_;
};

}  // namespace millrace::streams
