// Record: what flows between the operators of a topology.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/time.h"
#include "model/record.h"

namespace millrace::streams {

/// One record on its way through a topology. Views in it (key, value, headers) live until its
/// source batch has been processed: long enough for every operator, not to be kept.
template <class K, class V>
struct Record {
  K key{};
  V value{};
  Timestamp timestamp = kNoTimestamp;
  HeadersView headers{};
  bool has_key = true;  // false: the key was null, and `key` is K{}
};

/// The headers of a record about to be sent; add() copies. In order, names may repeat.
class OutputHeaders {
 public:
  void add(std::string_view key, std::string_view value);
  /// Adds all of `headers`.
  void add_all(const HeadersView& headers);
  void clear();
  /// Views that live until the next call of add() or clear().
  std::span<const HeaderView> views();

 private:
  struct Piece {
    std::size_t key_size;
    std::size_t value_size;
    bool has_value;
  };
  Buffer bytes_;
  std::vector<Piece> pieces_;
  std::vector<HeaderView> views_;
};

}  // namespace millrace::streams
