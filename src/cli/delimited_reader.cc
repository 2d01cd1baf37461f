#include "cli/delimited_reader.h"

#include <sys/types.h>

#include <cstdlib>
#include <utility>

namespace millrace::cli {

DelimitedReader::DelimitedReader(std::FILE* file, std::string delimiter)
    : file_(file), delimiter_(std::move(delimiter)) {}

DelimitedReader::~DelimitedReader() {
  std::free(buffer_);
}

std::optional<std::string_view> DelimitedReader::next() {
  if (delimiter_.size() > 1) return next_of_long_delimiter();
  std::string_view text = piece();
  if (text.empty()) return std::nullopt;
  if (text.back() == delimiter_.back()) {
    text.remove_suffix(1);
    return text;
  }
  if (std::ferror(file_) != 0) return std::nullopt;
  return text;
}

std::optional<std::string_view> DelimitedReader::next_of_long_delimiter() {
  joined_.clear();
  for (;;) {
    const std::string_view text = piece();
    joined_ += text;
    if (joined_.ends_with(delimiter_)) {
      return std::string_view(joined_).substr(0, joined_.size() - delimiter_.size());
    }
    if (!text.empty() && text.back() == delimiter_.back()) continue;
    if (joined_.empty() || std::ferror(file_) != 0) return std::nullopt;
    return joined_;
  }
}

std::string_view DelimitedReader::piece() {
  const int last = static_cast<unsigned char>(delimiter_.back());
  const ssize_t length = getdelim(&buffer_, &capacity_, last, file_);
  if (length < 0) return {};
  return {buffer_, static_cast<std::size_t>(length)};
}

}  // namespace millrace::cli
