#include "cli/live_line.h"

#include <utility>

#include "apps/access_log/charts.h"

namespace millrace::cli {

LiveLine::LiveLine(Console& console, std::string label, MonotonicTime now)
    : console_(console), label_(std::move(label)), started_(now), drawn_at_(now) {}

LiveLine::~LiveLine() {
  if (drawn_at_ == started_) return;
  console_.note("\r\x1b[K");
  (void)Console::flush(console_.err);
}

void LiveLine::show(std::int64_t records, std::int64_t bytes, const std::string& more,
                    MonotonicTime now) {
  if (!is_due(now)) return;
  constexpr double kBytesPerMb = 1e6;
  const double seconds = std::chrono::duration<double>(now - drawn_at_).count();
  const auto rate = static_cast<std::int64_t>(static_cast<double>(records - records_) / seconds);
  console_.note("\r{} {:.0f} s: {} records/s, {:.1f} MB/s{}\x1b[K", label_,
                std::chrono::duration<double>(now - started_).count(),
                access_log::with_thousands(rate),
                static_cast<double>(bytes - bytes_) / seconds / kBytesPerMb, more);
  (void)Console::flush(console_.err);
  drawn_at_ = now;
  records_ = records;
  bytes_ = bytes;
}

}  // namespace millrace::cli
