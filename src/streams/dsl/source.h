// The typed source node: bytes of a topic to Record<K, V>.
#pragma once

#include <span>
#include <utility>

#include "streams/runtime/processor.h"
#include "streams/serde.h"

namespace millrace::streams {

/// A null key becomes has_key = false. A null value is only possible when V is an optional;
/// otherwise the record is dropped and counted. A negative timestamp is a bad record.
template <class K, class V>
class TypedSource final : public SourceNode {
 public:
  TypedSource(AnySerde<K> key_serde, AnySerde<V> value_serde)
      : key_serde_(std::move(key_serde)), value_serde_(std::move(value_serde)) {}

  void connect(Processor& child) override { outlet_.connect(child); }
  void init(ProcessorContext& context, const NodeNames& names) override {
    context_ = &context;
    topic_ = names.topic;
  }

  void process(std::span<const RecordView> records) override {
    context_->at_topic(topic_);
    for (const RecordView& view : records) {
      context_->at_record(view.offset);
      process_one(view);
      if (context_->failed()) return;
    }
  }

 private:
  void process_one(const RecordView& view) {
    if constexpr (!internal::is_optional<V>) {
      if (!view.value) {
        ++context_->metrics().null_records_dropped;
        return;
      }
    }
    if (view.timestamp.value() < 0) {
      return context_->on_bad_record("timestamp",
                                     Error{ErrorCode::kInvalidArgument, "it is negative"});
    }
    Record<K, V> record;
    record.timestamp = view.timestamp;
    record.headers = view.headers;
    record.has_key = view.key.has_value();
    if (record.has_key) {
      auto key = key_serde_.decode(view.key);
      if (!key.ok()) return context_->on_bad_record("key", key.error());
      record.key = std::move(*key);
    }
    auto value = value_serde_.decode(view.value);
    if (!value.ok()) return context_->on_bad_record("value", value.error());
    record.value = std::move(*value);
    outlet_.forward(record);
  }

  AnySerde<K> key_serde_;
  AnySerde<V> value_serde_;
  Outlet<K, V> outlet_;
  ProcessorContext* context_ = nullptr;  // outlives its nodes
  std::string topic_;
};

}  // namespace millrace::streams
