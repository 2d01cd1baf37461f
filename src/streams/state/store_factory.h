// Which kind of store a topology gets. The one place to choose another backend.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "streams/state/state_store.h"

namespace millrace::streams {

using StoreFactory = std::function<std::unique_ptr<StateStore>()>;

/// A key-value store in RAM.
StoreFactory key_value_store_factory(std::string name);
/// A window store in RAM.
StoreFactory window_store_factory(std::string name);

}  // namespace millrace::streams
