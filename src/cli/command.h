// Command: one node of the command tree, declared with plain variables to fill. Hides the library
// that parses, so that a subcommand's file compiles fast and reads like its help.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"

namespace CLI {
class App;
}

namespace millrace::cli {

/// What a command does once its options are read.
using Action = std::function<ExitCode(Console&)>;

/// A handle to a node of a CommandTree, and valid as long as that. Variables handed to argument()
/// and option() are written while the command line is parsed and must live until then; what they
/// hold at declaration is the default that --help shows.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  /// example  a line that works as it stands, shown by --help
  Command add_command(const std::string& name, const std::string& purpose,
                      const std::string& example = {});
  /// A required word, or words, in their place.
  void argument(const std::string& name, std::string& into, const std::string& purpose);
  void arguments(const std::string& name, std::vector<std::string>& into,
                 const std::string& purpose);
  /// Words that may be there.
  void optional_arguments(const std::string& name, std::vector<std::string>& into,
                          const std::string& purpose);
  /// names  as "--from" or "-n,--count"; of a text, what help calls its value stands after a space:
  ///        "-F,--file FILE"
  void option(const std::string& names, std::string& into, const std::string& purpose);
  void option(const std::string& names, std::optional<std::string>& into,
              const std::string& purpose);
  void option(const std::string& names, std::int64_t& into, const std::string& purpose,
              std::int64_t min, std::int64_t max);
  void option(const std::string& names, std::optional<std::int64_t>& into,
              const std::string& purpose, std::int64_t min, std::int64_t max);
  /// May be given again and again.
  void option(const std::string& names, std::vector<std::string>& into, const std::string& purpose);
  /// One of `words`; anything else is wrong usage.
  void choice(const std::string& names, std::string& into, std::vector<std::string> words,
              const std::string& purpose);
  void flag(const std::string& names, bool& into, const std::string& purpose);
  /// What --help says at its end, before the example; made when it is asked for.
  void explain(std::function<std::string()> text);
  /// These two options exclude each other.
  void exclusive(const std::string& one, const std::string& other);
  void action(Action action);

 private:
  CLI::App* app_;
};

/// What completion needs to know of a node.
struct CommandWords {
  std::string path;                  // "millrace topic create"
  std::vector<std::string> words;    // subcommands and long options
  std::vector<std::string> choices;  // "--format text wide json yaml": an option and its words
};

/// The whole tree: owns the nodes, parses a command line and runs the action it names.
class CommandTree {
 public:
  CommandTree(const std::string& name, const std::string& purpose, const std::string& version);
  ~CommandTree();
  CommandTree(const CommandTree&) = delete;
  CommandTree& operator=(const CommandTree&) = delete;

  Command root();
  /// arguments  without the program's name
  ExitCode run(std::span<const std::string> arguments, Console& console);
  /// Every node, the root first.
  std::vector<CommandWords> words() const;

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace millrace::cli
