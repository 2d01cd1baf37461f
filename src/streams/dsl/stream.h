// Stream: the typed DSL. Each call adds a node to the topology under construction and returns a
// handle to what flows out of it. Names and semantics are Kafka Streams' (KStream).
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "streams/dsl/grouped_stream.h"
#include "streams/dsl/sink.h"
#include "streams/dsl/stateless.h"
#include "streams/dsl/table.h"
#include "streams/topology/topology_builder.h"

namespace millrace::streams {

/// A stream of Record<K, V>. A handle: copy freely, valid while its StreamsBuilder lives.
///
/// Functions given to operators are copied once per task and called by the task's thread; what they
/// capture by reference is shared between threads. With views as K and V nothing is allocated per
/// record; a function may return views of its arguments, not of its own locals.
template <class K, class V>
class Stream {
 public:
  Stream(TopologyBuilder& builder, NodeId node, AnySerde<K> key_serde, AnySerde<V> value_serde,
         KeyState keys)
      : builder_(&builder),
        node_(node),
        key_serde_(std::move(key_serde)),
        value_serde_(std::move(value_serde)),
        keys_(keys) {}

  /// predicate  (key, value) -> bool: keeps what it says yes to
  template <class Predicate>
  Stream filter(Predicate predicate) const {
    return same<FilterNode<K, V, Predicate>>("KSTREAM-FILTER", std::move(predicate),
                                             Keep::kMatching);
  }
  template <class Predicate>
  Stream filter_not(Predicate predicate) const {
    return same<FilterNode<K, V, Predicate>>("KSTREAM-FILTER", std::move(predicate), Keep::kOthers);
  }
  /// fn  (key, value) -> std::pair<K2, V2>. A following group_by_key() repartitions.
  template <class Fn>
  auto map(Fn fn) const {
    using Pair = std::decay_t<std::invoke_result_t<Fn&, const K&, const V&>>;
    using K2 = typename Pair::first_type;
    using V2 = typename Pair::second_type;
    return rekeyed<K2, V2, MapNode<K, V, K2, V2, Fn>>("KSTREAM-MAP", std::move(fn));
  }
  /// fn  (value) -> V2, or (key, value) -> V2
  template <class Fn>
  auto map_values(Fn fn) const {
    using V2 = internal::ValueResult<Fn, K, V>;
    return revalued<V2, MapValuesNode<K, V, V2, Fn>>("KSTREAM-MAPVALUES", std::move(fn));
  }
  /// fn  (key, value) -> a range of std::pair<K2, V2>
  template <class Fn>
  auto flat_map(Fn fn) const {
    using Range = std::invoke_result_t<Fn&, const K&, const V&>;
    using Pair = std::decay_t<decltype(*std::begin(std::declval<Range&>()))>;
    using K2 = typename Pair::first_type;
    using V2 = typename Pair::second_type;
    return rekeyed<K2, V2, FlatMapNode<K, V, K2, V2, Fn>>("KSTREAM-FLATMAP", std::move(fn));
  }
  /// fn  (value) -> a range of V2, or (key, value) -> a range of V2
  template <class Fn>
  auto flat_map_values(Fn fn) const {
    using Range = internal::ValueResult<Fn, K, V>;
    using V2 = std::decay_t<decltype(*std::begin(std::declval<Range&>()))>;
    return revalued<V2, FlatMapValuesNode<K, V, V2, Fn>>("KSTREAM-FLATMAPVALUES", std::move(fn));
  }
  /// fn  (key, value) -> K2. A following group_by_key() repartitions.
  template <class Fn>
  auto select_key(Fn fn) const {
    using K2 = std::decay_t<std::invoke_result_t<Fn&, const K&, const V&>>;
    const NodeId node =
        builder_->add_processor(builder_->next_name("KSTREAM-KEY-SELECT"), {node_},
                                [fn] { return std::make_unique<SelectKeyNode<K, V, K2, Fn>>(fn); });
    return Stream<K2, V>(*builder_, node, AnySerde<K2>{}, value_serde_, KeyState::kChanged);
  }
  /// fn  (key, value): looks on
  template <class Fn>
  Stream peek(Fn fn) const {
    return same<PeekNode<K, V, Fn>>("KSTREAM-PEEK", std::move(fn));
  }
  /// The general form: sees the whole record with timestamp and headers, and emits any number.
  ///   fn  (const Record<K, V>&, const Emitter<K2, V2>& emit)
  template <class K2, class V2, class Fn>
  Stream<K2, V2> process(Fn fn) const {
    return rekeyed<K2, V2, ProcessNode<K, V, K2, V2, Fn>>("KSTREAM-PROCESSOR", std::move(fn));
  }

  struct Split {
    Stream matched;
    Stream rest;
  };
  /// Two streams: the records for which `predicate(key, value)` holds, and the others.
  ///   const auto [good, bad] = parsed.split([](auto& key, auto& value) { return value.ok; });
  template <class Predicate>
  Split split(Predicate predicate) const {
    const Stream both = same<PassNode<K, V>>("KSTREAM-BRANCH");
    using Node = FilterNode<K, V, Predicate>;
    return {both.template same<Node>("KSTREAM-BRANCHCHILD", predicate, Keep::kMatching),
            both.template same<Node>("KSTREAM-BRANCHCHILD", predicate, Keep::kOthers)};
  }
  /// The records of both, in no promised order between them.
  Stream merge(const Stream& other) const {
    const NodeId node =
        builder_->add_processor(builder_->next_name("KSTREAM-MERGE"), {node_, other.node_},
                                [] { return std::make_unique<PassNode<K, V>>(); });
    return Stream(*builder_, node, key_serde_, value_serde_, std::max(keys_, other.keys_));
  }

  /// Groups by the key as it is; through a repartition topic when an operator changed it.
  GroupedStream<K, V> group_by_key(Grouped<K, V> grouped = {}) const {
    return GroupedStream<K, V>({builder_, node_, grouped.key_serde.value_or(key_serde_),
                                grouped.value_serde.value_or(value_serde_), keys_, grouped.name});
  }
  /// Groups by fn(key, value) -> K2, through a repartition topic.
  template <class Fn, class K2 = std::decay_t<std::invoke_result_t<Fn&, const K&, const V&>>>
  GroupedStream<K2, V> group_by(Fn fn, std::type_identity_t<Grouped<K2, V>> grouped = {}) const {
    return select_key(std::move(fn)).group_by_key(std::move(grouped));
  }

  /// Writes the stream to a topic, which must exist; partitioned by key.
  void to(std::string topic, Produced<K, V> produced = {}) const {
    const AnySerde<K> key_serde = produced.key_serde.value_or(key_serde_);
    const AnySerde<V> value_serde = produced.value_serde.value_or(value_serde_);
    builder_->require_serde(key_serde, "key", "topic " + topic);
    builder_->require_serde(value_serde, "value", "topic " + topic);
    builder_->add_sink(builder_->next_name("KSTREAM-SINK"), node_, TopicRef{std::move(topic)},
                       [key_serde, value_serde, headers = std::move(produced.headers)] {
                         return std::make_unique<TypedSink<K, V>>(key_serde, value_serde, headers);
                       });
  }

 private:
  template <class K2, class V2>
  friend class Stream;

  template <class Node, class... Args>
  NodeId add(std::string_view role, Args... args) const {
    return builder_->add_processor(builder_->next_name(role), {node_},
                                   [args...] { return std::make_unique<Node>(args...); });
  }
  template <class Node, class... Args>
  Stream same(std::string_view role, Args... args) const {
    return Stream(*builder_, add<Node>(role, std::move(args)...), key_serde_, value_serde_, keys_);
  }
  template <class K2, class V2, class Node, class Fn>
  Stream<K2, V2> rekeyed(std::string_view role, Fn fn) const {
    return Stream<K2, V2>(*builder_, add<Node>(role, std::move(fn)), AnySerde<K2>{}, AnySerde<V2>{},
                          KeyState::kChanged);
  }
  template <class V2, class Node, class Fn>
  Stream<K, V2> revalued(std::string_view role, Fn fn) const {
    return Stream<K, V2>(*builder_, add<Node>(role, std::move(fn)), key_serde_, AnySerde<V2>{},
                         keys_);
  }

  TopologyBuilder* builder_;  // the StreamsBuilder's
  NodeId node_;
  AnySerde<K> key_serde_;
  AnySerde<V> value_serde_;
  KeyState keys_;
};

template <class K, class V>
Stream<K, V> Table<K, V>::to_stream() const {
  const NodeId node = builder_->add_processor(builder_->next_name("KTABLE-TOSTREAM"), {node_},
                                              [] { return std::make_unique<PassNode<K, V>>(); });
  return Stream<K, V>(*builder_, node, key_serde_, value_serde_, KeyState::kAsRead);
}

template <class K, class V>
Stream<K, Change<V>> Table<K, V>::changes() const {
  const NodeId node = builder_->add_processor(builder_->next_name("KTABLE-CHANGES"), {node_},
                                              [] { return std::make_unique<ChangeNode<K, V>>(); });
  return Stream<K, Change<V>>(*builder_, node, key_serde_, AnySerde<Change<V>>{},
                              KeyState::kAsRead);
}

}  // namespace millrace::streams
