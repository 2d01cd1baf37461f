// A record as a reader sees it: views into a batch that somebody else keeps alive.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/ids.h"

namespace millrace {

/// One header. The value may be null; the key may not.
struct HeaderView {
  std::string_view key;
  std::optional<std::string_view> value;

  bool operator==(const HeaderView&) const = default;
};

/// The headers of a record, still in their wire form: decoded when asked, so that a record without
/// interest in them costs nothing. The bytes were validated when the batch was read.
class HeadersView {
 public:
  HeadersView() = default;
  /// bytes  `count` headers: varint key length, key, varint value length (-1 = null), value;
  /// already validated
  HeadersView(std::int32_t count, std::string_view bytes) : count_(count), bytes_(bytes) {}

  std::int32_t count() const { return count_; }
  /// The headers in order. Allocates; for cold paths: HeaderCursor does not.
  std::vector<HeaderView> to_vector() const;
  /// The value of the last header named `key`; nullopt when there is none or when its value is
  /// null.
  std::optional<std::string_view> find_last(std::string_view key) const;
  /// The wire form, for copying the headers of one record to another.
  std::string_view wire_bytes() const { return bytes_; }

 private:
  std::int32_t count_ = 0;
  std::string_view bytes_;
};

/// Takes headers one by one, in their order.
///   for (HeaderCursor cursor(record.headers); const auto header = cursor.next();) …
class HeaderCursor {
 public:
  explicit HeaderCursor(const HeadersView& headers)
      : left_(headers.count()), rest_(headers.wire_bytes()) {}

  /// The next one; nothing behind the last.         cost  no memory
  std::optional<HeaderView> next();

 private:
  std::int32_t left_;
  std::string_view rest_;
};

/// One record of a partition. A null key or value differs from an empty one: a null value is a
/// tombstone.
struct RecordView {
  Offset offset;
  Timestamp timestamp;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  HeadersView headers;
};

}  // namespace millrace
