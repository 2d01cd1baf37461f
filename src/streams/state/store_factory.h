// Which kind of store a topology gets. The one place to choose another backend.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "streams/state/state_store.h"
#include "streams/task_id.h"

namespace millrace::streams {

/// For whom a store is made: what a backend needs to find its place on a disk.
struct StoreContext {
  std::string_view application_id;
  TaskId task;
};

/// Makes the store of one task. Called on the task's thread.
/// errors  the backend's; the task fails with them
using StoreFactory = std::function<Result<std::unique_ptr<StateStore>>(const StoreContext&)>;

/// A key-value store in RAM.
StoreFactory key_value_store_factory(std::string name);
/// A window store in RAM.
StoreFactory window_store_factory(std::string name);

}  // namespace millrace::streams
