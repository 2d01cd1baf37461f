// BrokerProcess: `millrace up` as a child process that a test may kill, on a data directory that
// outlives it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace millrace::process {

/// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Not thread-safe. Killed at the end when it still runs.
class BrokerProcess {
 public:
  /// Always on the same endpoint once it got a port. That is on 127.0.0.2: a client that calls a
  /// dead broker from 127.0.0.1 can then never be given the broker's own port as its source.
  BrokerProcess(std::filesystem::path data, std::vector<std::string> arguments);
  ~BrokerProcess();
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  /// Starts it without waiting for anything.
  void launch();
  /// Waits for the ready line; the complaint on stderr when it ended instead.
  std::optional<std::string> wait_until_ready();
  /// SIGKILL, and waits until it is gone.
  void kill();
  /// SIGTERM; the exit code.
  int stop();

  pid_t pid() const { return pid_; }
  const std::string& endpoint() const { return endpoint_; }
  /// What it wrote on stderr since the last launch().
  std::string complaints() const;

 private:
  std::string stderr_path() const { return data_.string() + ".stderr"; }
  int reap();

  const std::filesystem::path data_;
  const std::vector<std::string> arguments_;
  std::string endpoint_ = "127.0.0.2:0";
  pid_t pid_ = -1;
  int output_ = -1;  // its stdout; stderr goes to a file beside the data
};

}  // namespace millrace::process
