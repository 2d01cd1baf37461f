// TableOutlet: the sending side of a table. Operators behind it receive changes, or new values
// only.
#pragma once

#include <vector>

#include "base/check.h"
#include "streams/dsl/change.h"
#include "streams/runtime/processor.h"

namespace millrace::streams {

/// A stream made of a table receives Record<K, V> straight from here: a node between them that
/// turned changes into values took a tenth of a windowed count's time.
///
/// Invariant: changes go out only where a receiver asks for them.
template <class K, class V>
class TableOutlet {
 public:
  void connect(Processor& child) {
    if (auto* const of_values = dynamic_cast<Receiver<K, V>*>(&child)) {
      value_receivers_.push_back(of_values);
      return;
    }
    auto* const of_changes = dynamic_cast<Receiver<K, Change<V>>*>(&child);
    CHECK(of_changes != nullptr, "an operator was connected to a table of another type");
    change_receivers_.push_back(of_changes);
    wants_old_values_ = wants_old_values_ || child.wants_old_values();
  }
  bool wants_old_values() const { return wants_old_values_; }

  /// updated    the entry's key, new value and timestamp
  /// old_value  null when there was none, or nobody wants it
  void forward(const Record<K, V>& updated, const V* old_value) const {
    for (Receiver<K, V>* const receiver : value_receivers_) receiver->receive(updated);
    if (!change_receivers_.empty()) forward_change(updated, old_value);
  }

 private:
  void forward_change(const Record<K, V>& updated, const V* old_value) const {
    const Record<K, Change<V>> change{
        updated.key, {old_value, &updated.value}, updated.timestamp, updated.headers, true};
    for (Receiver<K, Change<V>>* const receiver : change_receivers_) receiver->receive(change);
  }

  std::vector<Receiver<K, V>*> value_receivers_;           // owned by the task, like the table
  std::vector<Receiver<K, Change<V>>*> change_receivers_;  // likewise
  bool wants_old_values_ = false;
};

}  // namespace millrace::streams
