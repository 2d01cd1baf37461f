// DelimitedReader: what stands between delimiters in a stream.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::cli {

/// Gives one text after the other as soon as its delimiter has come, in a buffer that is reused.
class DelimitedReader {
 public:
  /// Borrows the stream.
  /// delimiter  not empty
  DelimitedReader(std::FILE* file, std::string delimiter);
  ~DelimitedReader();
  DelimitedReader(const DelimitedReader&) = delete;
  DelimitedReader& operator=(const DelimitedReader&) = delete;

  /// The next one without its delimiter, valid until the next call; the last may end with the
  /// stream instead. Nothing at the end and at an error: what an error cut short is nobody's.
  std::optional<std::string_view> next();

 private:
  std::optional<std::string_view> next_of_long_delimiter();
  /// Up to the last byte of the delimiter, or the end; empty at the end and at an error.
  std::string_view piece();

  std::FILE* file_;
  std::string delimiter_;
  std::string joined_;  // pieces that end like the delimiter and are not its end
  char* buffer_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace millrace::cli
