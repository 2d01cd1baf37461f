#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/edit_distance.h"

namespace millrace::cli {
namespace {

/// Keeps what an App has no room for: the action. CLI11 calls a node's callback while it parses,
/// so the action only notes itself there and runs afterwards.
class Node final : public CLI::App {
 public:
  Node(const std::string& purpose, const std::string& name) : CLI::App(purpose, name) {}
  Action action;
};

const Node* chosen_node(const CLI::App& app) {
  for (const CLI::App* below : app.get_subcommands()) return chosen_node(*below);
  return dynamic_cast<const Node*>(&app);
}

std::string range_name(std::int64_t min, std::int64_t max) {
  if (max == INT64_MAX) return min == INT64_MIN ? "NUMBER" : fmt::format("NUMBER >= {}", min);
  return fmt::format("NUMBER {}-{}", min, max);
}

std::string check_range(const std::string& text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  if (!CLI::detail::lexical_cast(text, value)) {
    return fmt::format("wanted a whole number, found \"{}\"", text);
  }
  if (value < min || value > max) {
    return max == INT64_MAX ? fmt::format("wanted {} or more, found {}", min, value)
                            : fmt::format("wanted {} to {}, found {}", min, max, value);
  }
  return {};
}

void collect_words(const CLI::App& app, const std::string& path,
                   std::vector<CommandWords>& collected) {
  CommandWords node;
  node.path = path;
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    node.words.push_back(below->get_name());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) {
      node.words.push_back("--" + name);
      const std::string& words = option->get_type_name();
      if (words.find('|') == std::string::npos) continue;
      std::string spaced = words;
      std::replace(spaced.begin(), spaced.end(), '|', ' ');
      node.choices.push_back("--" + name + " " + spaced);
    }
  }
  collected.push_back(std::move(node));
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    collect_words(*below, path + " " + below->get_name(), collected);
  }
}

/// The complaint about a first word that names no command below `app`, or an option that stands
/// before a command and is not known there; empty when that is not what is wrong.
std::string unknown_command(const CLI::App& app, std::span<const std::string> arguments) {
  const CLI::App* node = &app;
  for (const std::string& word : arguments) {
    const auto below = node->get_subcommands([](const CLI::App*) { return true; });
    if (below.empty()) return {};
    if (word.starts_with('-')) {
      if (node->get_option_no_throw(word) != nullptr) return {};
      return fmt::format("wanted a command, found the option {}: options stand behind it", word);
    }
    const auto named = std::find_if(below.begin(), below.end(), [&](const CLI::App* command) {
      return command->get_name() == word;
    });
    if (named != below.end()) {
      node = *named;
      continue;
    }
    std::vector<std::string_view> names;
    for (const CLI::App* command : below) names.push_back(command->get_name());
    const auto meant = probably_meant(word, names);
    return meant ? fmt::format("no command \"{}\": did you mean {}?", word, *meant)
                 : fmt::format("no command \"{}\"; there are {}", word, fmt::join(names, ", "));
  }
  return {};
}

/// What is wrong with words that nothing of `node` takes.
std::string unexpected_word(const CLI::App& node, const std::string& word) {
  if (!word.starts_with('-')) return fmt::format("wanted no further word, found \"{}\"", word);
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> options;
  for (const CLI::Option* option : node.get_options()) {
    for (const auto& each : option->get_lnames()) options.push_back("--" + each);
  }
  const std::vector<std::string_view> names(options.begin(), options.end());
  const auto meant = probably_meant(name, names);
  return fmt::format("no option {}{}", name,
                     meant ? fmt::format(": did you mean {}?", *meant) : "");
}

std::string names_below(const CLI::App& node) {
  std::vector<std::string> names;
  for (const CLI::App* below : node.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(below->get_name());
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

/// In our words, where those of the library say less.
/// node  the last command that was named
std::string complaint(const CLI::Error& error, const CLI::App& node) {
  const auto unexpected = node.remaining();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !unexpected.empty()) {
    return unexpected_word(node, unexpected.front());
  }
  const bool lacks_command = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr &&
                             node.get_require_subcommand_min() > 0;
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string text = error.what();  // "--from: 1 required POSITION missing"
    return fmt::format("wanted a value behind {}, found none", text.substr(0, text.find(':')));
  }
  if (lacks_command) return fmt::format("wanted a command: {}", names_below(node));
  return error.what();
}

struct NamesAndValue {
  std::string names;
  std::string value;
};

/// "-F,--file FILE" taken apart.
NamesAndValue split_value(const std::string& names) {
  const std::size_t space = names.find(' ');
  if (space == std::string::npos) return {names, "TEXT"};
  return {names.substr(0, space), names.substr(space + 1)};
}

}  // namespace

Command Command::add_command(const std::string& name, const std::string& purpose,
                             const std::string& example) {
  auto node = std::make_shared<Node>(purpose, name);
  node->set_help_flag("-h,--help", "Show this");
  if (!example.empty()) node->footer("Example:\n  " + example);
  Command command(*node);
  app_->add_subcommand(std::move(node));
  app_->require_subcommand(1);
  return command;
}

void Command::argument(const std::string& name, std::string& into, const std::string& purpose) {
  app_->add_option(name, into, purpose)->required()->type_name("");
}

void Command::arguments(const std::string& name, std::vector<std::string>& into,
                        const std::string& purpose) {
  app_->add_option(name, into, purpose)->required()->type_name("");
}

void Command::optional_arguments(const std::string& name, std::vector<std::string>& into,
                                 const std::string& purpose) {
  app_->add_option(name, into, purpose)->type_name("");
}

void Command::option(const std::string& names, std::string& into, const std::string& purpose) {
  const NamesAndValue split = split_value(names);
  auto* option = app_->add_option(split.names, into, purpose)->type_name(split.value);
  if (!into.empty()) option->capture_default_str();
}

void Command::option(const std::string& names, std::optional<std::string>& into,
                     const std::string& purpose) {
  const NamesAndValue split = split_value(names);
  app_->add_option_function<std::string>(
          split.names, [&into](const std::string& text) { into = text; }, purpose)
      ->type_name(split.value);
}

void Command::option(const std::string& names, std::int64_t& into, const std::string& purpose,
                     std::int64_t min, std::int64_t max) {
  app_->add_option(names, into, purpose)
      ->check([=](const std::string& text) { return check_range(text, min, max); })
      ->type_name(range_name(min, max))
      ->capture_default_str();
}

void Command::option(const std::string& names, std::optional<std::int64_t>& into,
                     const std::string& purpose, std::int64_t min, std::int64_t max) {
  app_->add_option_function<std::int64_t>(
          names, [&into](const std::int64_t& value) { into = value; }, purpose)
      ->check([=](const std::string& text) { return check_range(text, min, max); })
      ->type_name(range_name(min, max));
}

void Command::option(const std::string& names, std::vector<std::string>& into,
                     const std::string& purpose) {
  const NamesAndValue split = split_value(names);
  app_->add_option(split.names, into, purpose)->type_name(split.value)->allow_extra_args(false);
}

void Command::choice(const std::string& names, std::string& into, std::vector<std::string> words,
                     const std::string& purpose) {
  const std::string shown = fmt::format("{}", fmt::join(words, "|"));
  app_->add_option(names, into, purpose)
      ->check([words = std::move(words)](const std::string& text) {
        if (std::find(words.begin(), words.end(), text) != words.end()) return std::string{};
        return fmt::format("wanted one of {}, found \"{}\"", fmt::join(words, ", "), text);
      })
      ->type_name(shown)
      ->capture_default_str();
}

void Command::flag(const std::string& names, bool& into, const std::string& purpose) {
  app_->add_flag(names, into, purpose);
}

void Command::exclusive(const std::string& one, const std::string& other) {
  app_->get_option(one)->excludes(app_->get_option(other));
}

void Command::explain(std::function<std::string()> text) {
  app_->footer(std::move(text));  // the other footer, the example, follows it
}

void Command::action(Action action) {
  dynamic_cast<Node&>(*app_).action = std::move(action);
}

CommandTree::CommandTree(const std::string& name, const std::string& purpose,
                         const std::string& version)
    : app_(std::make_unique<Node>(purpose, name)) {
  app_->set_help_flag("-h,--help", "Show this; every command has it too");
  app_->set_version_flag("--version", name + " " + version);
}

CommandTree::~CommandTree() = default;

Command CommandTree::root() {
  return Command(*app_);
}

ExitCode CommandTree::run(std::span<const std::string> arguments, Console& console) {
  // CLI11 takes the words from the back.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app_->parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    const CLI::App* asked = app_.get();
    std::string path;
    while (!asked->get_subcommands().empty()) {
      path += (path.empty() ? "" : " ") + asked->get_name();
      asked = asked->get_subcommands().front();
    }
    console.print_rendered(asked->help(path));
    return ExitCode::kDone;
  } catch (const CLI::CallForVersion& version) {
    console.print("{}\n", version.what());
    return ExitCode::kDone;
  } catch (const CLI::Error& error) {
    const CLI::App* asked = app_.get();
    std::string path = asked->get_name();
    while (!asked->get_subcommands().empty()) {
      asked = asked->get_subcommands().front();
      path += " " + asked->get_name();
    }
    const std::string unknown = unknown_command(*app_, arguments);
    console.note("{}: {}\nTry: {} --help\n", path,
                 unknown.empty() ? complaint(error, *asked) : unknown, path);
    return ExitCode::kWrongUsage;
  }
  const Node* const node = chosen_node(*app_);
  CHECK(node != nullptr && node->action, "every leaf of the tree has an action");
  return node->action(console);
}

std::vector<CommandWords> CommandTree::words() const {
  std::vector<CommandWords> collected;
  collect_words(*app_, app_->get_name(), collected);
  return collected;
}

}  // namespace millrace::cli
