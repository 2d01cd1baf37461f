#include "storage/directory/meta_properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "storage/directory/checkpoint_text.h"

namespace millrace::storage {
namespace {

constexpr std::int64_t kMetaVersion = 1;

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t\r") - start + 1);
}

/// Java properties, as far as this file goes: key=value lines and # comments.
std::map<std::string_view, std::string_view> parse_lines(std::string_view text) {
  std::map<std::string_view, std::string_view> values;
  while (!text.empty()) {
    const std::string_view line = trimmed(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), text.find('\n') == std::string_view::npos
                                                 ? text.size()
                                                 : text.find('\n') + 1));
    const std::size_t equals = line.find('=');
    if (line.empty() || line[0] == '#' || equals == std::string_view::npos) continue;
    values[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
  }
  return values;
}

}  // namespace

std::string encode_meta_properties(const MetaProperties& properties) {
  return fmt::format("#\ncluster.id={}\ndirectory.id={}\nnode.id={}\nversion={}\n",
                     properties.cluster_id.to_base64(), properties.directory_id.to_base64(),
                     properties.node_id, kMetaVersion);
}

Result<MetaProperties> decode_meta_properties(std::string_view text) {
  const auto values = parse_lines(text);
  const auto value_of = [&](std::string_view key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string_view{} : found->second;
  };
  const std::int64_t version = parse_number(value_of("version")).value_or(-1);
  if (version > kMetaVersion || version == 0) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("wanted version {}, found {}", kMetaVersion, version)};
  }
  const std::int64_t node_id = parse_number(value_of("node.id")).value_or(-1);
  auto cluster_id = Uuid::from_base64(value_of("cluster.id"));
  if (version != kMetaVersion || node_id < 0 || node_id > INT32_MAX || !cluster_id.ok()) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("wanted version=1, cluster.id and node.id, found '{}', '{}' and '{}'",
                             value_of("version"), value_of("cluster.id"), value_of("node.id"))};
  }
  MetaProperties properties{*cluster_id, BrokerId{static_cast<std::int32_t>(node_id)}, {}};
  if (auto id = Uuid::from_base64(value_of("directory.id")); id.ok()) properties.directory_id = *id;
  return properties;
}

}  // namespace millrace::storage
