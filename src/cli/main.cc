#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/descriptor_stream.h"
#include "io/env.h"

namespace {

/// A standard stream that the caller closed must not become a socket or a file of ours. What takes
/// its place fails when it is used, as the closed one would.
void occupy_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number is this one, as those below are taken.
    (void)::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

/// Every partition keeps a file open, and every client a socket: the soft limit, often 1024, is for
/// programs that use select(); up to the hard one a process may help itself.
void raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // refused, it stays as it was
}

}  // namespace

int main(int argc, char** argv) {
  occupy_closed_streams();
  raise_open_files_limit();
  // A file that may not grow is a failed write, to be reported as a full disk is; not the end.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto env = millrace::io::make_system_env();
  using millrace::cli::StreamUse;
  const auto in = millrace::cli::open_descriptor_stream(STDIN_FILENO, StreamUse::kRead);
  const auto out = millrace::cli::open_descriptor_stream(STDOUT_FILENO, StreamUse::kWriteBuffered);
  const auto err = millrace::cli::open_descriptor_stream(STDERR_FILENO, StreamUse::kWriteAtOnce);
  millrace::cli::Console console{.in = in.get(),
                                 .out = out.get(),
                                 .err = err.get(),
                                 .is_err_terminal = ::isatty(STDERR_FILENO) == 1};
  return static_cast<int>(millrace::cli::run_command_line(arguments, console, *env));
}
