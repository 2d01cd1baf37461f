#include "streams/state/store_factory.h"

#include <utility>

#include "streams/state/ram_key_value_store.h"
#include "streams/state/ram_window_store.h"

namespace millrace::streams {

StoreFactory key_value_store_factory(std::string name) {
  return [name = std::move(name)] { return std::make_unique<RamKeyValueStore>(name); };
}

StoreFactory window_store_factory(std::string name) {
  return [name = std::move(name)] { return std::make_unique<RamWindowStore>(name); };
}

}  // namespace millrace::streams
