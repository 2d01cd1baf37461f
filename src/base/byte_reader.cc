#include "base/byte_reader.h"

#include <bit>

namespace millrace {

double ByteReader::f64() {
  return std::bit_cast<double>(i64());
}

Status ByteReader::status() const {
  if (ok()) return {};
  return Error{ErrorCode::kTruncated, fmt::format("wanted {} at byte {} of {}, found too few bytes",
                                                  failure_, failed_at_, end_ - begin_)};
}

}  // namespace millrace
