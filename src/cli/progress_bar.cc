#include "cli/progress_bar.h"

#include <utility>

#include "apps/access_log/charts.h"

namespace millrace::cli {
namespace {

constexpr Millis kRedrawInterval{50};
constexpr std::size_t kWidth = 40;

}  // namespace

ProgressBar::ProgressBar(Console& console, std::string label)
    : console_(console), label_(std::move(label)) {}

ProgressBar::~ProgressBar() {
  if (!is_drawn_) return;
  console_.note("\r\x1b[K");
  (void)std::fflush(console_.err);
}

void ProgressBar::show(std::int64_t done, std::int64_t total, MonotonicTime now) {
  if (!console_.is_err_terminal || total <= 0) return;
  if (is_drawn_ && now - drawn_at_ < kRedrawInterval) return;
  is_drawn_ = true;
  drawn_at_ = now;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  console_.note("\r{} {} {:.0f} %\x1b[K", label_, access_log::bar(share, kWidth), share * 100);
  (void)std::fflush(console_.err);
}

}  // namespace millrace::cli
