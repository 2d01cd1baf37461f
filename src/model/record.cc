#include "model/record.h"

#include "base/byte_reader.h"
#include "base/check.h"

namespace millrace {
namespace {

HeaderView read_header(ByteReader& reader) {
  HeaderView header;
  header.key = reader.bytes(static_cast<std::size_t>(reader.varint()));
  const std::int32_t value_length = reader.varint();
  if (value_length >= 0) header.value = reader.bytes(static_cast<std::size_t>(value_length));
  CHECK(reader.ok(), "headers were validated when their batch was read");
  return header;
}

}  // namespace

std::vector<HeaderView> HeadersView::to_vector() const {
  std::vector<HeaderView> headers;
  headers.reserve(static_cast<std::size_t>(count_));
  ByteReader reader(bytes_);
  for (std::int32_t i = 0; i < count_; ++i) headers.push_back(read_header(reader));
  return headers;
}

std::optional<std::string_view> HeadersView::find_last(std::string_view key) const {
  std::optional<std::string_view> found;
  ByteReader reader(bytes_);
  for (std::int32_t i = 0; i < count_; ++i) {
    const HeaderView header = read_header(reader);
    if (header.key == key) found = header.value;
  }
  return found;
}

std::optional<HeaderView> HeaderCursor::next() {
  if (left_ <= 0) return std::nullopt;
  --left_;
  ByteReader reader(rest_);
  const HeaderView header = read_header(reader);
  rest_ = reader.rest();
  return header;
}

}  // namespace millrace
