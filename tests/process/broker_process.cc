#include "tests/process/broker_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

extern char** environ;

namespace millrace::process {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = std::filesystem::temp_directory_path() / "millrace-process-XXXXXX";
  const char* const made = mkdtemp(pattern.data());
  EXPECT_NE(made, nullptr) << pattern;
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

BrokerProcess::BrokerProcess(std::filesystem::path data, std::vector<std::string> arguments)
    : data_(std::move(data)), arguments_(std::move(arguments)) {}

BrokerProcess::~BrokerProcess() {
  kill();
}

void BrokerProcess::launch() {
  std::vector<std::string> words{MILLRACE_BINARY, "up",      "--data",           data_.string(),
                                 "--kafka",       endpoint_, "--die-with-parent"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const std::string complaints = stderr_path();
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, complaints.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
  const int failed = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  output_ = ends[0];
  ASSERT_EQ(failed, 0) << argv[0];
}

std::optional<std::string> BrokerProcess::wait_until_ready() {
  constexpr std::string_view kReady = "ready kafka=";
  std::string text;
  for (;;) {
    const auto at = text.find(kReady);
    if (at != std::string::npos && text.find('\n', at) != std::string::npos) {
      const auto from = at + kReady.size();
      endpoint_ = text.substr(from, text.find(' ', from) - from);
      return std::nullopt;
    }
    std::array<char, 512> chunk{};
    const auto count = ::read(output_, chunk.data(), chunk.size());
    if (count <= 0) return "ended before it was ready: " + complaints();
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

std::string BrokerProcess::complaints() const {
  std::ifstream file(stderr_path());
  return {std::istreambuf_iterator<char>(file), {}};
}

void BrokerProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  reap();
}

int BrokerProcess::stop() {
  ::kill(pid_, SIGTERM);
  return reap();
}

int BrokerProcess::reap() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  ::close(std::exchange(output_, -1));
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace millrace::process
