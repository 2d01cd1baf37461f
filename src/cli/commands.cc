#include "cli/commands.h"

#include <cerrno>
#include <cstring>

#ifndef MILLRACE_VERSION
#error "the build says which version this is"
#endif

namespace millrace::cli {

ExitCode run_command_line(std::span<const std::string> arguments, Console& console, io::Env& env) {
  CommandTree tree("millrace",
                   "Event streaming in one binary: a Kafka-compatible broker and its tools",
                   MILLRACE_VERSION);
  add_up(tree.root(), env);
  add_demo(tree.root(), env);
  add_topic(tree.root(), env);
  add_produce(tree.root(), env);
  add_consume(tree.root(), env);
  add_bench(tree.root(), env);
  add_group(tree.root(), env);
  add_transaction(tree.root(), env);
  add_config(tree.root(), env);
  add_quota(tree.root(), env);
  add_cluster(tree.root(), env);
  add_properties(tree.root());
  add_completion(tree.root(), tree);
  const ExitCode code = tree.run(arguments, console);
  // A reader that closed its end had enough, and so had who asked for a stop; anything else is
  // output that is lost.
  if (!Console::flush(console.out) && errno != EPIPE && errno != EINTR && code == ExitCode::kDone) {
    console.note("millrace: wanted to write the output, found: {}\n", std::strerror(errno));
    return ExitCode::kFailed;
  }
  return code;
}

}  // namespace millrace::cli
