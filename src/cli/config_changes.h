// What `topic alter` and `config alter` have in common.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cluster_access.h"
#include "cli/command.h"
#include "client/config_descriptions.h"

namespace millrace::cli {

/// What the options hold as they were written.
struct ConfigChangeOptions {
  std::vector<std::string> set = {};
  std::vector<std::string> removed = {};
  std::vector<std::string> appended = {};
  std::vector<std::string> subtracted = {};
  bool validate_only = false;
};

/// Declares --config, --delete, --append, --subtract and --validate-only.
void add_config_change_options(Command& command, ConfigChangeOptions& options);

/// "name=value" each.
/// option  names where they stood, for errors
/// errors  kInvalidArgument
Result<std::map<std::string, std::string>> parse_assignments(std::string_view option,
                                                             const std::vector<std::string>& texts);

/// errors  kInvalidArgument: no change at all, one that is no assignment, or a property named twice
Result<std::vector<client::ConfigChange>> parse_config_changes(const ConfigChangeOptions& options);

/// Makes the same changes to each resource, and says of which.
ExitCode alter_configs(const std::vector<client::ConfigResource>& resources,
                       const ConfigChangeOptions& options, const ClusterOptions& cluster,
                       Console& console, io::Env& env);

}  // namespace millrace::cli
