// millrace completion bash | zsh: a script for the shell, written from the command tree.
#include <memory>
#include <string>

#include "cli/commands.h"

namespace millrace::cli {
namespace {

/// A shell `case` branch for each node: its words, and the words of each option that has few.
std::string branches(const CommandTree& tree) {
  std::string text;
  for (const auto& node : tree.words()) {
    text += fmt::format("    \"{}\") words=\"{}\" ;;\n", node.path, fmt::join(node.words, " "));
    for (const auto& choice : node.choices) {
      const std::size_t space = choice.find(' ');
      text += fmt::format("    \"{} {}\") words=\"{}\" ;;\n", node.path, choice.substr(0, space),
                          choice.substr(space + 1));
    }
  }
  return text;
}

/// The words of the node that the words before the cursor lead to. An option's own words win when
/// the cursor stands behind it.
std::string lookup_function(const CommandTree& tree) {
  return "_millrace_words() {\n"
         "  local node=millrace word words=\"\" last=\"\"\n"
         "  for word in \"$@\"; do\n"
         "    last=$word\n"
         "    case \"$word\" in -*) continue ;; esac\n"
         "    if [ -n \"$(_millrace_branch \"$node $word\")\" ]; then node=\"$node $word\"; fi\n"
         "  done\n"
         "  words=$(_millrace_branch \"$node $last\")\n"
         "  case \"$last\" in --*) [ -n \"$words\" ] && { echo \"$words\"; return; } ;; esac\n"
         "  _millrace_branch \"$node\"\n"
         "}\n"
         "_millrace_branch() {\n"
         "  local words=\"\"\n"
         "  case \"$1\" in\n" +
         branches(tree) +
         "  esac\n"
         "  echo \"$words\"\n"
         "}\n";
}

std::string bash_script(const CommandTree& tree) {
  return "# bash completion of millrace; load it with: source <(millrace completion bash)\n" +
         lookup_function(tree) +
         "_millrace() {\n"
         "  local before=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n"
         "  COMPREPLY=($(compgen -W \"$(_millrace_words \"${before[@]}\")\" -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F _millrace millrace\n";
}

std::string zsh_script(const CommandTree& tree) {
  return "#compdef millrace\n"
         "# zsh completion of millrace; load it with: source <(millrace completion zsh)\n" +
         lookup_function(tree) +
         "_millrace() {\n"
         "  local found\n"
         "  found=$(_millrace_words \"${(@)words[2,CURRENT-1]}\")\n"
         "  compadd -- ${=found}\n"
         "}\n"
         "compdef _millrace millrace\n";
}

}  // namespace

void add_completion(Command root, const CommandTree& tree) {
  Command completion = root.add_command("completion", "Write a completion script for a shell",
                                        "source <(millrace completion bash)");
  completion.add_command("bash", "For bash", "source <(millrace completion bash)")
      .action([&tree](Console& console) {
        console.print_rendered(bash_script(tree));
        return ExitCode::kDone;
      });
  completion.add_command("zsh", "For zsh", "source <(millrace completion zsh)")
      .action([&tree](Console& console) {
        console.print_rendered(zsh_script(tree));
        return ExitCode::kDone;
      });
}

}  // namespace millrace::cli
