// StreamsBuilder: where a stream application begins.
//   StreamsBuilder builder;
//   builder.stream<std::string_view, std::string_view>("clicks")
//       .group_by_key()
//       .windowed_by(TumblingWindows::of_size(Millis{60'000}).grace(Millis{10'000}))
//       .count({.store_name = "clicks-by-minute"})
//       .to_stream()
//       .to("clicks-by-minute");
//   Result<Topology> topology = builder.build();
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "streams/dsl/common_types.h"
#include "streams/dsl/source.h"
#include "streams/dsl/stream.h"
#include "streams/topology/topology.h"
#include "streams/topology/topology_builder.h"

namespace millrace::streams {

/// The handles that it gives out (Stream, GroupedStream, Table) point into it: it must outlive them
/// and stay where it is. The Topology that build() returns stands alone.
class StreamsBuilder {
 public:
  StreamsBuilder() = default;
  StreamsBuilder(const StreamsBuilder&) = delete;
  StreamsBuilder& operator=(const StreamsBuilder&) = delete;

  /// Reads a topic, which must exist when the application starts; each topic once per topology.
  template <class K, class V>
  Stream<K, V> stream(std::string topic, AnySerde<K> key_serde = {}, AnySerde<V> value_serde = {}) {
    builder_.require_serde(key_serde, "key", "topic " + topic);
    builder_.require_serde(value_serde, "value", "topic " + topic);
    const NodeId node = builder_.add_source(
        builder_.next_name("KSTREAM-SOURCE"), TopicRef{std::move(topic)}, [key_serde, value_serde] {
          return std::make_unique<TypedSource<K, V>>(key_serde, value_serde);
        });
    return Stream<K, V>(builder_, node, key_serde, value_serde, KeyState::kAsRead);
  }

  /// The finished topology.
  /// errors  kInvalidArgument, naming the first mistake: a missing serde, a topic read twice, two
  ///         stores or repartition topics of one name, an illegal name, no source
  Result<Topology> build() const { return builder_.build(); }

 private:
  TopologyBuilder builder_;
};

}  // namespace millrace::streams
