// The aggregations as nodes: typed shims that decode, call the user's functions and encode, over
// stores of bytes and the window arithmetic of runtime/window_clock.h.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "streams/dsl/table_outlet.h"
#include "streams/runtime/processor.h"
#include "streams/runtime/window_clock.h"
#include "streams/serde.h"
#include "streams/windows.h"

namespace millrace::streams {

/// How an aggregate of type A begins with its first record and goes on with each further one.
template <class C, class K, class V, class A>
concept Combiner = requires(C& combiner, const Record<K, V>& record, A so_far) {
  { combiner.first(record) } -> std::convertible_to<A>;
  { combiner.next(record, std::move(so_far)) } -> std::convertible_to<A>;
};

template <class K, class V>
struct CountCombiner {
  std::int64_t first(const Record<K, V>& /*record*/) { return 1; }
  std::int64_t next(const Record<K, V>& /*record*/, std::int64_t so_far) { return so_far + 1; }
};

template <class K, class V, class Fn>
struct ReduceCombiner {
  V first(const Record<K, V>& record) { return record.value; }
  V next(const Record<K, V>& record, V so_far) { return reduce(std::move(so_far), record.value); }
  Fn reduce;
};

template <class K, class V, class A, class Init, class Add>
struct FoldCombiner {
  A first(const Record<K, V>& record) { return add(record.key, record.value, init()); }
  A next(const Record<K, V>& record, A so_far) {
    return add(record.key, record.value, std::move(so_far));
  }
  Init init;
  Add add;
};

/// One step of an aggregation: from the old bytes to the new ones, remembering the values between.
template <class K, class V, class A, Combiner<K, V, A> C>
class AggregationStep final : public StateUpdater {
  static_assert(!std::is_same_v<A, std::string_view>,
                "an aggregate outlives its records: map the values to std::string first");

 public:
  AggregationStep(AnySerde<A> serde, C combiner)
      : serde_(std::move(serde)), combiner_(std::move(combiner)) {}

  /// From now on old values are kept, too: a copy of each.
  void keep_old_values() { keeps_old_ = true; }
  void start(const Record<K, V>& record, ProcessorContext& context) {
    record_ = &record;
    context_ = &context;
    if (keeps_old_) old_.reset();
  }
  std::optional<std::string_view> update(std::optional<std::string_view> old) override {
    if (old) {
      auto current = serde_.decode(old);
      if (!current.ok()) {
        context_->fail(Error(current.error()).with_context("stored aggregate"));
        return std::nullopt;
      }
      if (keeps_old_) old_ = *current;
      result_ = combiner_.next(*record_, std::move(*current));
    } else {
      result_ = combiner_.first(*record_);
    }
    return serde_.bytes_of(result_, scratch_);
  }
  const A& result() const { return result_; }
  /// Null when the key was new, and without keep_old_values().
  const A* old_value() const { return old_ ? &*old_ : nullptr; }
  const AnySerde<A>& serde() const { return serde_; }

 private:
  AnySerde<A> serde_;
  C combiner_;
  Buffer scratch_;
  A result_{};
  std::optional<A> old_;
  bool keeps_old_ = false;
  const Record<K, V>* record_ = nullptr;  // during one receive()
  ProcessorContext* context_ = nullptr;   // outlives its nodes
};

/// Aggregates by key over all time. Skips null keys and null values, and counts them.
template <class K, class V, class A, Combiner<K, V, A> C>
class KeyedAggregation final : public Processor, public Receiver<K, V> {
 public:
  KeyedAggregation(AnySerde<K> key_serde, AnySerde<A> value_serde, C combiner)
      : key_serde_(std::move(key_serde)), step_(std::move(value_serde), std::move(combiner)) {}

  void connect(Processor& child) override {
    outlet_.connect(child);
    if (outlet_.wants_old_values()) step_.keep_old_values();
  }
  void init(ProcessorContext& context, const NodeNames& names) override {
    context_ = &context;
    store_ = dynamic_cast<KeyValueStore*>(&context.store(names.stores.at(0)));
    CHECK(store_ != nullptr, "store {} is not a key-value store", names.stores[0]);
  }
  void receive(const Record<K, V>& record) override {
    const auto key = record.has_key ? key_serde_.bytes_of(record.key, key_scratch_) : std::nullopt;
    if (!key || !internal::is_present(record.value)) {
      ++context_->metrics().null_records_dropped;
      return;
    }
    step_.start(record, *context_);
    const Timestamp timestamp = store_->update(*key, record.timestamp, step_);
    if (timestamp == kNoTimestamp) return context_->fail(store_->failure().with_context("store"));
    if (context_->failed()) return;
    outlet_.forward({record.key, step_.result(), timestamp, record.headers, true},
                    step_.old_value());
  }

 private:
  AnySerde<K> key_serde_;
  AggregationStep<K, V, A, C> step_;
  TableOutlet<K, A> outlet_;
  Buffer key_scratch_;
  KeyValueStore* store_ = nullptr;       // the task's
  ProcessorContext* context_ = nullptr;  // outlives its nodes
};

/// Aggregates by key and window. Skips null keys; drops and counts late records. A result's
/// timestamp is the largest of the records in it.
template <class K, class V, class A, Combiner<K, V, A> C>
class WindowedAggregation final : public Processor, public Receiver<K, V>, private WindowVisitor {
 public:
  WindowedAggregation(AnySerde<K> key_serde, AnySerde<A> value_serde, TumblingWindows windows,
                      EmitStrategy emit, C combiner)
      : key_serde_(std::move(key_serde)),
        step_(std::move(value_serde), std::move(combiner)),
        windows_(windows),
        clock_(windows),
        emit_(emit) {}

  void connect(Processor& child) override {
    outlet_.connect(child);
    if (outlet_.wants_old_values()) step_.keep_old_values();
  }
  void init(ProcessorContext& context, const NodeNames& names) override {
    context_ = &context;
    store_ = dynamic_cast<WindowStore*>(&context.store(names.stores.at(0)));
    CHECK(store_ != nullptr, "store {} is not a window store", names.stores[0]);
    clock_ = WindowClock(windows_);
    fail_unless(clock_.resume(*store_));
  }

  void receive(const Record<K, V>& record) override {
    const auto key = record.has_key ? key_serde_.bytes_of(record.key, key_scratch_) : std::nullopt;
    if (!key) {
      ++context_->metrics().null_records_dropped;
      return;
    }
    if (!clock_.admit(record.timestamp)) {
      ++context_->metrics().late_records_dropped;
      return;
    }
    const Window window = clock_.window();
    step_.start(record, *context_);
    const Timestamp timestamp = store_->update(*key, window.start, record.timestamp, step_);
    if (timestamp == kNoTimestamp) return context_->fail(store_->failure().with_context("store"));
    if (context_->failed()) return;
    if (emit_ == EmitStrategy::kOnWindowUpdate) {
      outlet_.forward({{record.key, window}, step_.result(), timestamp, record.headers, true},
                      step_.old_value());
    }
    if (clock_.has_due_window()) {
      fail_unless(
          clock_.close_due(*store_, emit_ == EmitStrategy::kOnWindowClose ? this : nullptr));
    }
  }

 private:
  void fail_unless(const Status& status) {
    if (!status.ok()) context_->fail(Error(status.error()).with_context("store"));
  }
  void visit(std::string_view key_bytes, Timestamp window_start,
             const StoredValue& stored) override {
    auto key = key_serde_.decode(key_bytes);
    if (!key.ok()) return context_->fail(Error(key.error()).with_context("stored key"));
    auto value = step_.serde().decode(stored.bytes);
    if (!value.ok()) return context_->fail(Error(value.error()).with_context("stored aggregate"));
    const Window window = clock_.window_at(window_start);
    outlet_.forward({{std::move(*key), window}, std::move(*value), stored.timestamp, {}, true},
                    nullptr);
  }

  AnySerde<K> key_serde_;
  AggregationStep<K, V, A, C> step_;
  TumblingWindows windows_;
  WindowClock clock_;
  EmitStrategy emit_;
  TableOutlet<Windowed<K>, A> outlet_;
  Buffer key_scratch_;
  WindowStore* store_ = nullptr;         // the task's
  ProcessorContext* context_ = nullptr;  // outlives its nodes
};

}  // namespace millrace::streams
