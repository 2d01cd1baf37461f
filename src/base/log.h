// Structured logging: one line per event, "message key=value …", on stderr.
//   LOG_INFO("recovered log", {{"topic", topic}, {"truncated_bytes", count}});
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace millrace {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

/// One key=value pair of a log line. Written as printable() shows it, and quoted where it has
/// spaces.
struct LogField {
  template <class T>
  LogField(std::string_view name, const T& content) : key(name), value(fmt::to_string(content)) {}

  std::string_view key;
  std::string value;
};

/// Lines below `level` are dropped before their fields are built. Default: kWarn. Thread-safe.
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);

/// Writes one line. Thread-safe; costs a formatted write to stderr, waiting where that is full.
void log_event(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

}  // namespace millrace

#define MILLRACE_LOG(level, ...)                                                   \
  do {                                                                             \
    if (::millrace::log_enabled(level)) ::millrace::log_event(level, __VA_ARGS__); \
  } while (false)
#define LOG_DEBUG(...) MILLRACE_LOG(::millrace::LogLevel::kDebug, __VA_ARGS__)
#define LOG_INFO(...) MILLRACE_LOG(::millrace::LogLevel::kInfo, __VA_ARGS__)
#define LOG_WARN(...) MILLRACE_LOG(::millrace::LogLevel::kWarn, __VA_ARGS__)
#define LOG_ERROR(...) MILLRACE_LOG(::millrace::LogLevel::kError, __VA_ARGS__)
