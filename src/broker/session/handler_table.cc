#include "broker/session/handler_table.h"

#include <algorithm>

#include "base/check.h"
#include "wire/api_table.h"

namespace millrace::broker {

void HandlerTable::add_dispatch(wire::ApiKey key, std::vector<Ask> asks, Dispatch dispatch) {
  const wire::ApiRow* const row = wire::find_api(key);
  CHECK(row != nullptr, "{} has a handler but no row in the API table", wire::api_key_name(key));
  CHECK(row->is_served(), "{} has a handler, and the API table says that it is not served",
        wire::api_key_name(key));
  const wire::VersionRange served{std::max(row->advertised.min, row->decodable.min),
                                  std::min(row->advertised.max, row->decodable.max)};
  entries_[key] = {row->advertised, served, std::move(asks), std::move(dispatch)};
}

}  // namespace millrace::broker
