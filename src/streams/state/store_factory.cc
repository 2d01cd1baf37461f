#include "streams/state/store_factory.h"

#include <utility>

#include "streams/state/ram_key_value_store.h"
#include "streams/state/ram_window_store.h"

namespace millrace::streams {
namespace {

template <class Store>
StoreFactory ram_store(std::string name) {
  return [name = std::move(name)](const StoreContext&) -> Result<std::unique_ptr<StateStore>> {
    return std::unique_ptr<StateStore>(std::make_unique<Store>(name));
  };
}

}  // namespace

StoreFactory key_value_store_factory(std::string name) {
  return ram_store<RamKeyValueStore>(std::move(name));
}

StoreFactory window_store_factory(std::string name) {
  return ram_store<RamWindowStore>(std::move(name));
}

}  // namespace millrace::streams
