// The stateless operators as nodes. Each holds a copy of the user's function per task and forwards
// without allocating; timestamp and headers pass through unchanged.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "streams/dsl/change.h"
#include "streams/runtime/processor.h"
#include "streams/serde.h"

namespace millrace::streams {

/// Sends records on from process(), any number for each record received.
template <class K, class V>
class Emitter {
 public:
  explicit Emitter(const Outlet<K, V>& outlet) : outlet_(outlet) {}
  void operator()(const Record<K, V>& record) const { outlet_.forward(record); }

 private:
  const Outlet<K, V>& outlet_;
};

namespace internal {

/// The same record with another key: present, unless it is an empty optional.
template <class K2, class V2, class K, class V>
Record<K2, V2> with_pair(const Record<K, V>& record, K2 key, V2 value) {
  const bool has_key = is_present(key);
  return {std::move(key), std::move(value), record.timestamp, record.headers, has_key};
}

template <class V2, class K, class V>
Record<K, V2> with_value(const Record<K, V>& record, V2 value) {
  return {record.key, std::move(value), record.timestamp, record.headers, record.has_key};
}

/// Calls fn(value) or fn(key, value), whichever it takes.
template <class Fn, class K, class V>
decltype(auto) call_with_value(Fn& fn, const K& key, const V& value) {
  if constexpr (std::invocable<Fn&, const K&, const V&>) {
    return fn(key, value);
  } else {
    return fn(value);
  }
}

template <class Fn, class K, class V>
using ValueResult = std::decay_t<decltype(call_with_value(
    std::declval<Fn&>(), std::declval<const K&>(), std::declval<const V&>()))>;

}  // namespace internal

/// Which records a filter passes on: those that match its predicate, or the others.
enum class Keep { kMatching, kOthers };

template <class K, class V, class Predicate>
class FilterNode final : public Operator<K, V> {
 public:
  FilterNode(Predicate predicate, Keep keep) : predicate_(std::move(predicate)), keep_(keep) {}
  void receive(const Record<K, V>& record) override {
    const bool matches = predicate_(record.key, record.value);
    if (matches == (keep_ == Keep::kMatching)) this->forward(record);
  }

 private:
  Predicate predicate_;
  Keep keep_;
};

/// Passes everything on: where streams split and merge, and where a table becomes a stream.
template <class K, class V>
class PassNode final : public Operator<K, V> {
 public:
  void receive(const Record<K, V>& record) override { this->forward(record); }
};

/// Passes changes on as they are, old values included.
template <class K, class V>
class ChangeNode final : public Operator<K, Change<V>> {
 public:
  bool wants_old_values() const override { return true; }
  void receive(const Record<K, Change<V>>& record) override { this->forward(record); }
};

/// Drops records without a key, which no partition could be chosen for.
template <class K, class V>
class KeyedOnlyNode final : public Operator<K, V> {
 public:
  void init(ProcessorContext& context, const NodeNames& /*names*/) override { context_ = &context; }
  void receive(const Record<K, V>& record) override {
    if (record.has_key) return this->forward(record);
    ++context_->metrics().null_records_dropped;
  }

 private:
  ProcessorContext* context_ = nullptr;  // outlives its nodes
};

template <class K, class V, class K2, class V2, class Fn>
class MapNode final : public Operator<K, V, K2, V2> {
 public:
  explicit MapNode(Fn fn) : fn_(std::move(fn)) {}
  void receive(const Record<K, V>& record) override {
    auto [key, value] = fn_(record.key, record.value);
    this->forward(internal::with_pair<K2, V2>(record, std::move(key), std::move(value)));
  }

 private:
  Fn fn_;
};

template <class K, class V, class V2, class Fn>
class MapValuesNode final : public Operator<K, V, K, V2> {
 public:
  explicit MapValuesNode(Fn fn) : fn_(std::move(fn)) {}
  void receive(const Record<K, V>& record) override {
    this->forward(
        internal::with_value<V2>(record, internal::call_with_value(fn_, record.key, record.value)));
  }

 private:
  Fn fn_;
};

template <class K, class V, class K2, class Fn>
class SelectKeyNode final : public Operator<K, V, K2, V> {
 public:
  explicit SelectKeyNode(Fn fn) : fn_(std::move(fn)) {}
  void receive(const Record<K, V>& record) override {
    this->forward(internal::with_pair<K2, V>(record, fn_(record.key, record.value), record.value));
  }

 private:
  Fn fn_;
};

template <class K, class V, class K2, class V2, class Fn>
class FlatMapNode final : public Operator<K, V, K2, V2> {
 public:
  explicit FlatMapNode(Fn fn) : fn_(std::move(fn)) {}
  void receive(const Record<K, V>& record) override {
    for (auto& [key, value] : fn_(record.key, record.value)) {
      this->forward(internal::with_pair<K2, V2>(record, key, value));
    }
  }

 private:
  Fn fn_;
};

template <class K, class V, class V2, class Fn>
class FlatMapValuesNode final : public Operator<K, V, K, V2> {
 public:
  explicit FlatMapValuesNode(Fn fn) : fn_(std::move(fn)) {}
  void receive(const Record<K, V>& record) override {
    for (const auto& value : internal::call_with_value(fn_, record.key, record.value)) {
      this->forward(internal::with_value<V2>(record, value));
    }
  }

 private:
  Fn fn_;
};

template <class K, class V, class Fn>
class PeekNode final : public Operator<K, V> {
 public:
  explicit PeekNode(Fn fn) : fn_(std::move(fn)) {}
  void receive(const Record<K, V>& record) override {
    fn_(record.key, record.value);
    this->forward(record);
  }

 private:
  Fn fn_;
};

template <class K, class V, class K2, class V2, class Fn>
class ProcessNode final : public Operator<K, V, K2, V2> {
 public:
  explicit ProcessNode(Fn fn) : fn_(std::move(fn)) {}
  void receive(const Record<K, V>& record) override {
    fn_(record, Emitter<K2, V2>(this->outlet()));
  }

 private:
  Fn fn_;
};

}  // namespace millrace::streams
