#include "broker/session/request_context.h"

#include <string_view>

namespace millrace::broker {

std::string plain_host(const io::Endpoint& endpoint) {
  constexpr std::string_view kMapped = "::ffff:";
  const std::string_view host = endpoint.host;
  return std::string(host.starts_with(kMapped) ? host.substr(kMapped.size()) : host);
}

}  // namespace millrace::broker
