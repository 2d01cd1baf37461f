// The typed sink node: Record<K, V> to bytes on a topic.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "streams/runtime/processor.h"
#include "streams/serde.h"

namespace millrace::streams {

/// How `to()` writes. What is not given comes from the stream.
template <class K, class V>
struct Produced {
  std::optional<AnySerde<K>> key_serde = {};
  std::optional<AnySerde<V>> value_serde = {};
  /// May change the headers, which start as those of the input record.
  std::function<void(const Record<K, V>&, OutputHeaders&)> headers = {};
};

template <class K, class V>
class TypedSink final : public Processor, public Receiver<K, V> {
 public:
  using HeaderFunction = std::function<void(const Record<K, V>&, OutputHeaders&)>;

  TypedSink(AnySerde<K> key_serde, AnySerde<V> value_serde, HeaderFunction headers)
      : key_serde_(std::move(key_serde)),
        value_serde_(std::move(value_serde)),
        header_function_(std::move(headers)) {}

  void connect(Processor& /*child*/) override { CHECK(false, "nothing comes after a sink"); }
  void init(ProcessorContext& context, const NodeNames& names) override {
    context_ = &context;
    topic_ = context.collector().topic(names.topic);
  }

  void receive(const Record<K, V>& record) override {
    OutputRecord output;
    if (record.has_key) {
      output.key = key_serde_.bytes_of(record.key, key_scratch_);
      if (output.key) {
        const std::string_view placed_by = key_serde_.partition_bytes(*output.key);
        if (placed_by.size() != output.key->size()) output.partition_key = placed_by;
      }
    }
    output.value = value_serde_.bytes_of(record.value, value_scratch_);
    output.timestamp = record.timestamp;
    if (header_function_ || record.headers.count() > 0) output.headers = headers_of(record);
    context_->collector().send(topic_, output);
    ++context_->metrics().records_sent;
  }

 private:
  std::span<const HeaderView> headers_of(const Record<K, V>& record) {
    headers_.clear();
    headers_.add_all(record.headers);
    if (header_function_) header_function_(record, headers_);
    return headers_.views();
  }

  AnySerde<K> key_serde_;
  AnySerde<V> value_serde_;
  HeaderFunction header_function_;
  OutputHeaders headers_;
  Buffer key_scratch_;
  Buffer value_scratch_;
  ProcessorContext* context_ = nullptr;  // outlives its nodes
  OutputTopic topic_;
};

}  // namespace millrace::streams
