#include "io/file_system.h"

#include <fmt/format.h>

namespace millrace::io {
namespace {

/// What a pipe is first read with; a file that is empty looks the same.
constexpr std::size_t kUnknownSizeBytes = 4096;

}  // namespace

std::string_view path_kind_name(PathKind kind) {
  switch (kind) {
    case PathKind::kNothing:
      return "nothing";
    case PathKind::kRegularFile:
      return "a regular file";
    case PathKind::kDirectory:
      return "a directory";
    case PathKind::kLink:
      return "a symbolic link";
    case PathKind::kFifo:
      return "a FIFO";
    case PathKind::kSocket:
      return "a socket";
    case PathKind::kDevice:
      return "a device";
    case PathKind::kUnknown:
      return "something else";
  }
  return "something else";
}

Result<std::string> FileSystem::read_all(const std::string& path) {
  auto file = open(path, OpenMode::kRead);
  if (!file.ok()) return std::move(file).error();
  const auto expected = static_cast<std::size_t>(file.value()->size());
  // One byte more than there should be, so that a read that brings less has met the end.
  std::string contents(expected > 0 ? expected + 1 : kUnknownSizeBytes, '\0');
  for (std::size_t total = 0;;) {
    const auto count =
        file.value()->read_at(total, std::span(contents.data() + total, contents.size() - total));
    if (!count.ok()) return count.error();
    total += *count;
    const bool is_at_end = total < contents.size();
    contents.resize(is_at_end ? total : total * 2);
    if (is_at_end) return contents;
  }
}

Result<std::unique_ptr<File>> FileSystem::make_temporary(const std::string& path) {
  auto file = open(path, OpenMode::kCreateNew);
  if (file.ok() || file.error().code != ErrorCode::kAlreadyExists) return file;
  const auto facts = look_at(path);
  if (!facts.ok()) return facts.error();
  if (facts->kind == PathKind::kDirectory) return file;
  if (auto status = remove(path); !status.ok()) return std::move(status).error();
  return open(path, OpenMode::kCreateNew);
}

Status FileSystem::replace_atomically(const std::string& path, std::string_view contents) {
  if (auto status = check_replaceable(path); !status.ok()) return status;
  const std::string temporary = path + ".tmp";
  {
    auto file = make_temporary(temporary);
    if (!file.ok()) return std::move(file).error();
    if (auto status = file.value()->append(contents); !status.ok()) return status;
    if (auto status = file.value()->sync(); !status.ok()) return status;
  }
  if (auto status = rename(temporary, path); !status.ok()) return status;
  const std::size_t slash = path.rfind('/');
  return sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

Status FileSystem::check_replaceable(const std::string& path) {
  const auto facts = look_at(path);
  if (!facts.ok()) return facts.error();
  if (facts->kind == PathKind::kNothing || facts->kind == PathKind::kRegularFile) return {};
  return Error{ErrorCode::kIo,
               fmt::format("wanted a regular file at {}, or nothing, found {}; take another path",
                           path, path_kind_name(facts->kind))};
}

}  // namespace millrace::io
