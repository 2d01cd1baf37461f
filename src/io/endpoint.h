// Where a peer is: a host and a port.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::io {

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
  /// "host:port", and "[host]:port" for an IPv6 address.
  std::string to_string() const;
  /// errors  kInvalidArgument with an example of what is wanted
  static Result<Endpoint> parse(std::string_view text);
};

}  // namespace millrace::io
