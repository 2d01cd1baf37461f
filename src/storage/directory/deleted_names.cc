#include "storage/directory/deleted_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::storage {
namespace {

constexpr std::string_view kSuffix = "-delete";
constexpr std::size_t kUniqueDigits = 32;
constexpr std::size_t kNameBytesMax = 255;

}  // namespace

std::string deleted_folder_name(std::string_view folder, const Uuid& unique) {
  const std::size_t dash = std::min(folder.rfind('-'), folder.size());
  const std::string end =
      fmt::format("{}.{:02x}{}", folder.substr(dash), fmt::join(unique.bytes, ""), kSuffix);
  return fmt::format("{}{}", folder.substr(0, std::min(dash, kNameBytesMax - end.size())), end);
}

bool is_deleted_folder(std::string_view name) {
  if (!name.ends_with(kSuffix)) return false;
  name.remove_suffix(kSuffix.size());
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string_view digits = name.substr(dot + 1);
  return digits.size() == kUniqueDigits &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Status retire_folder(io::FileSystem& files, const std::string& path, const Uuid& unique,
                     const FileRetirement& retirement) {
  const std::size_t name_at = path.rfind('/') + 1;  // 0 without a slash
  std::string deleted =
      path.substr(0, name_at) + deleted_folder_name(std::string_view(path).substr(name_at), unique);
  Status status = files.rename(path, deleted);
  if (!status.ok()) return status.error().code == ErrorCode::kNotFound ? Status{} : status;
  if (retirement.removal == nullptr) return files.remove_all(deleted);
  retirement.removal->add(std::move(deleted), retirement.delay);
  return {};
}

}  // namespace millrace::storage
