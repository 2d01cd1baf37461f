#include "base/log.h"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>

#include "base/printable.h"

namespace millrace {
namespace {

std::atomic<LogLevel> current_level{LogLevel::kWarn};

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

/// Where stderr is full and says so instead of making the writer wait, it is waited for.
void write_to_stderr(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd watched{STDERR_FILENO, POLLOUT, 0};
      (void)::poll(&watched, 1, -1);
    } else if (errno != EINTR) {
      return;  // nobody is left to tell it to
    }
  }
}

class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    write_to_stderr({line.data(), line.size()});
  }
  void flush_() override {}
};

spdlog::logger& sink() {
  static spdlog::logger logger = [] {
    spdlog::logger made("millrace", std::make_shared<StderrSink>());
    made.set_level(spdlog::level::trace);
    made.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return logger;
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=") != std::string_view::npos;
}

}  // namespace

void set_log_level(LogLevel level) {
  current_level.store(level, std::memory_order_relaxed);
}

bool log_enabled(LogLevel level) {
  return level >= current_level.load(std::memory_order_relaxed);
}

void log_event(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = printable(message);
  for (const LogField& field : fields) {
    line += fmt::format(" {}=", field.key);
    const std::string value = printable(field.value);
    if (!needs_quotes(value)) {
      line += value;
      continue;
    }
    line += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    line += '"';
  }
  sink().log(spdlog_level(level), line);
}

}  // namespace millrace
