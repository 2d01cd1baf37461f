#include "io/file_system.h"

#include <fmt/format.h>

namespace millrace::io {

Result<std::string> FileSystem::read_all(const std::string& path) {
  auto file = open(path, OpenMode::kRead);
  if (!file.ok()) return std::move(file).error();
  std::string contents(static_cast<std::size_t>(file.value()->size()), '\0');
  const auto count = file.value()->read_at(0, contents);
  if (!count.ok()) return count.error();
  contents.resize(*count);
  return contents;
}

Status FileSystem::replace_atomically(const std::string& path, std::string_view contents) {
  const std::string temporary = path + ".tmp";
  {
    auto file = open(temporary, OpenMode::kCreateOrReadWrite);
    if (!file.ok()) return std::move(file).error();
    if (auto status = file.value()->truncate(0); !status.ok()) return status;
    if (auto status = file.value()->append(contents); !status.ok()) return status;
    if (auto status = file.value()->sync(); !status.ok()) return status;
  }
  if (auto status = rename(temporary, path); !status.ok()) return status;
  const std::size_t slash = path.rfind('/');
  return sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

}  // namespace millrace::io
