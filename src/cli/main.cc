#include <csignal>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "io/env.h"

int main(int argc, char** argv) {
  // A file that may not grow is a failed write, to be reported as a full disk is; not the end.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto env = millrace::io::make_system_env();
  millrace::cli::Console console;
  return static_cast<int>(millrace::cli::run_command_line(arguments, console, *env));
}
