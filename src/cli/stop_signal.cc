#include "cli/stop_signal.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace millrace::cli {
namespace {

// A signal handler can reach nothing but globals.
std::atomic<int> g_event_fd{-1};
std::atomic<bool> g_requested{false};
std::atomic<bool> g_second_ends{false};

void on_signal(int signal) {
  const int saved_errno = errno;
  if (g_requested.exchange(true) && signal == SIGINT && g_second_ends.load()) {
    (void)std::signal(SIGINT, SIG_DFL);
    (void)raise(SIGINT);  // delivered when this handler returns
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(g_event_fd.load(), &one, sizeof one);
  errno = saved_errno;
}

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

void set_handlers(void (*handler)(int)) {
  set_handler(SIGINT, handler);
  set_handler(SIGTERM, handler);
  if (!is_ignored(SIGHUP)) set_handler(SIGHUP, handler);
}

}  // namespace

StopSignal::StopSignal(SecondInterrupt second) {
  CHECK(g_event_fd.load() < 0, "one StopSignal at a time");
  g_second_ends.store(second == SecondInterrupt::kEndsProcess);
  g_requested.store(false);
  g_event_fd.store(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  CHECK(g_event_fd.load() >= 0, "eventfd: {}", std::strerror(errno));
  set_handlers(&on_signal);
}

StopSignal::~StopSignal() {
  set_handlers(SIG_DFL);
  // On its way out, where another would only change the exit code.
  if (g_requested.load()) set_handler(SIGTERM, SIG_IGN);
  close(g_event_fd.exchange(-1));
  if (parent_fd_ >= 0) close(parent_fd_);
}

bool StopSignal::requested() const {
  return g_requested.load();
}

int StopSignal::descriptor() {
  return g_event_fd.load();
}

bool StopSignal::was_requested() {
  return g_requested.load();
}

Status StopSignal::watch_parent() {
  // Not pidfd_open(): glibc 2.36 declares it in a way that C++ cannot link.
  parent_fd_ = static_cast<int>(syscall(SYS_pidfd_open, getppid(), 0));
  if (parent_fd_ >= 0) return {};
  return Error{ErrorCode::kUnsupported,
               fmt::format("wanted to watch the parent process {}, found: {}", getppid(),
                           std::strerror(errno))};
}

void StopSignal::wait() const {
  // poll() skips a negative descriptor.
  std::array<pollfd, 2> watched{pollfd{g_event_fd.load(), POLLIN, 0},
                                pollfd{parent_fd_, POLLIN, 0}};
  while (!requested()) {
    if (poll(watched.data(), watched.size(), -1) > 0) return;
  }
}

bool StopSignal::wait_for(std::chrono::nanoseconds timeout) const {
  if (requested() || timeout.count() <= 0) return requested();
  pollfd watched{g_event_fd.load(), POLLIN, 0};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timespec spec{.tv_sec = seconds.count(), .tv_nsec = (timeout - seconds).count()};
  (void)ppoll(&watched, 1, &spec, nullptr);
  return requested();
}

}  // namespace millrace::cli
