#include "cli/port_file.h"

#include <utility>

namespace millrace::cli {

Status PortFile::clear() {
  if (path_.empty()) return {};
  const auto exists = files_.exists(path_);
  if (!exists.ok()) return exists.error();
  return *exists ? files_.remove(path_) : Status{};
}

Status PortFile::write(std::string_view address) {
  if (path_.empty()) return {};
  std::string line = std::string(address) + "\n";
  auto status = files_.replace_atomically(path_, line);
  if (status.ok()) written_ = std::move(line);
  return status;
}

Status PortFile::remove() {
  if (written_.empty()) return {};
  const auto found = files_.read_all(path_);
  const bool is_ours = found.ok() && *found == written_;
  written_.clear();
  return is_ours ? files_.remove(path_) : Status{};
}

}  // namespace millrace::cli
