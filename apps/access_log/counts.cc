#include "apps/access_log/counts.h"

#include <fmt/format.h>

#include <charconv>
#include <concepts>

namespace millrace::access_log {
namespace {

/// Reads the objects that encode() writes: fixed names in a fixed order, whole numbers.
class FixedJsonReader {
 public:
  explicit FixedJsonReader(std::string_view text) : text_(text), rest_(text) {}

  template <std::integral Number>
  FixedJsonReader& member(std::string_view opening, Number& into) {
    expect(opening);
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), into);
    if (error != std::errc{}) ok_ = false;
    if (ok_) rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return *this;
  }
  Status finish() {
    expect("}");
    if (ok_ && rest_.empty()) return {};
    return Error{ErrorCode::kCorrupt, fmt::format("wanted counts of this application, found \"{}\"",
                                                  text_.substr(0, 80))};
  }

 private:
  void expect(std::string_view literal) {
    ok_ = ok_ && rest_.substr(0, literal.size()) == literal;
    if (ok_) rest_.remove_prefix(literal.size());
  }

  std::string_view text_;
  std::string_view rest_;
  bool ok_ = true;
};

template <class... Args>
void append_formatted(Buffer& out, fmt::format_string<Args...> format, const Args&... args) {
  fmt::basic_memory_buffer<char, 128> text;
  fmt::vformat_to(std::back_inserter(text), fmt::string_view(format),
                  fmt::make_format_args(args...));
  out.append({text.data(), text.size()});
}

}  // namespace

void StatusTotalsSerde::encode(const StatusTotals& value, Buffer& out) const {
  append_formatted(out, R"({{"status":{},"requests":{},"bytes":{}}})", value.status, value.requests,
                   value.bytes);
}

Result<StatusTotals> StatusTotalsSerde::decode(std::string_view bytes) const {
  StatusTotals value;
  auto status = FixedJsonReader(bytes)
                    .member(R"({"status":)", value.status)
                    .member(R"(,"requests":)", value.requests)
                    .member(R"(,"bytes":)", value.bytes)
                    .finish();
  if (!status.ok()) return std::move(status).error();
  return value;
}

void MinuteCountSerde::encode(const MinuteCount& value, Buffer& out) const {
  append_formatted(out, R"({{"window_start_ms":{},"status":{},"requests":{}}})",
                   value.window_start.value(), value.status, value.requests);
}

Result<MinuteCount> MinuteCountSerde::decode(std::string_view bytes) const {
  MinuteCount value;
  std::int64_t start = 0;
  auto status = FixedJsonReader(bytes)
                    .member(R"({"window_start_ms":)", start)
                    .member(R"(,"status":)", value.status)
                    .member(R"(,"requests":)", value.requests)
                    .finish();
  if (!status.ok()) return std::move(status).error();
  value.window_start = Timestamp{start};
  return value;
}

}  // namespace millrace::access_log
