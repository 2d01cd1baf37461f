#include "streams/record.h"

namespace millrace::streams {

void OutputHeaders::add(std::string_view key, std::string_view value) {
  bytes_.append(key);
  bytes_.append(value);
  pieces_.push_back({key.size(), value.size(), true});
}

void OutputHeaders::add_all(const HeadersView& headers) {
  if (headers.count() == 0) return;
  for (const HeaderView& header : headers.to_vector()) {
    add(header.key, header.value.value_or(std::string_view{}));
    pieces_.back().has_value = header.value.has_value();
  }
}

void OutputHeaders::clear() {
  bytes_.clear();
  pieces_.clear();
}

std::span<const HeaderView> OutputHeaders::views() {
  views_.clear();
  const char* at = bytes_.data();
  for (const Piece& piece : pieces_) {
    HeaderView view{{at, piece.key_size}, std::nullopt};
    at += piece.key_size;
    if (piece.has_value) view.value = std::string_view{at, piece.value_size};
    at += piece.value_size;
    views_.push_back(view);
  }
  return views_;
}

}  // namespace millrace::streams
