// The subcommands, one a file. Each hangs itself into the tree; `env` outlives it.
#pragma once

#include <string>

#include "cli/command.h"
#include "io/env.h"

namespace millrace::cli {

void add_up(Command root, io::Env& env);
void add_demo(Command root, io::Env& env);
void add_topic(Command root, io::Env& env);
void add_produce(Command root, io::Env& env);
void add_consume(Command root, io::Env& env);
void add_bench(Command root, io::Env& env);
void add_group(Command root, io::Env& env);
/// group  the command that add_group() made
void add_group_changes(Command group, io::Env& env);
void add_transaction(Command root, io::Env& env);
void add_config(Command root, io::Env& env);
void add_quota(Command root, io::Env& env);
void add_cluster(Command root, io::Env& env);
void add_properties(Command root);
/// tree  what it writes completions of
void add_completion(Command root, const CommandTree& tree);

// What --help says of properties, from the catalogue that the broker goes by.
std::string help_on_topic_properties();
std::string help_on_broker_properties();

/// Builds the tree, parses `arguments` (without the program's name) and runs what they say.
ExitCode run_command_line(std::span<const std::string> arguments, Console& console, io::Env& env);

}  // namespace millrace::cli
