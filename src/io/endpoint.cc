#include "io/endpoint.h"

#include <fmt/format.h>

#include <charconv>

namespace millrace::io {
namespace {

Error bad_endpoint(std::string_view text) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("wanted HOST:PORT such as localhost:9092 or [::1]:9092, found \"{}\"", text)};
}

}  // namespace

std::string Endpoint::to_string() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_endpoint(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return bad_endpoint(text);
  }
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (host.empty() || digits.empty() || failure != std::errc{} ||
      end != digits.data() + digits.size()) {
    return bad_endpoint(text);
  }
  return Endpoint{.host = std::string(host), .port = port};
}

}  // namespace millrace::io
