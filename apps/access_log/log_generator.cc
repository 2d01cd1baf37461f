#include "apps/access_log/log_generator.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <string_view>

namespace millrace::access_log {
namespace {

constexpr double kMillisBetweenLines = 120;
constexpr std::uint64_t kDelaySecondsMax = 60;
constexpr std::uint64_t kClients = 1753;

struct Page {
  std::string_view path;
  std::int32_t status;
  std::int64_t bytes;  // on average
  unsigned weight;     // how often, compared with the others
};

constexpr std::array<Page, 12> kPages{{
    {"/", 200, 37'932, 200},
    {"/favicon.ico", 200, 3'638, 180},
    {"/style2.css", 200, 4'877, 140},
    {"/images/logo.png", 304, 0, 120},
    {"/blog/tags/kafka", 200, 19'100, 110},
    {"/articles/event-time", 200, 52'878, 90},
    {"/downloads/millrace.tar.gz", 206, 255'722, 20},
    {"/old-blog", 301, 324, 40},
    {"/wp-login.php", 404, 292, 60},
    {"/admin", 403, 294, 10},
    {"/search?q=%22windows%22", 200, 8'948, 27},
    {"/api/reports", 500, 626, 3},
}};

constexpr unsigned total_weight() {
  unsigned sum = 0;
  for (const Page& page : kPages) sum += page.weight;
  return sum;
}

constexpr std::array<std::string_view, 5> kAgents{
    "Mozilla/5.0 (X11; Linux x86_64; rv:27.0) Gecko/20100101 Firefox/27.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/32.0.1700.107 Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 7_0 like Mac OS X) AppleWebKit/537.51.1 (KHTML, like "
    "Gecko)",
    "curl/7.35.0",
};

const Page& pick_page(Random& random) {
  auto at = static_cast<unsigned>(random.below(total_weight()));
  for (const Page& page : kPages) {
    if (at < page.weight) return page;
    at -= page.weight;
  }
  return kPages.front();
}

std::string log_time(Timestamp time) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds point{std::chrono::seconds{time.value() / 1000}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{point - day};
  return fmt::format("{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000", static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

/// Few clients ask often, many seldom.
std::string pick_client(Random& random) {
  const double skew = random.unit();
  const auto number =
      static_cast<std::uint64_t>(skew * skew * skew * static_cast<double>(kClients));
  return fmt::format("{}.{}.{}.{}", 46 + number % 150, number * 7 % 256, number * 13 % 256,
                     1 + number % 254);
}

}  // namespace

std::string LogGenerator::next_line() {
  // Gaps between independent events are exponential.
  clock_ms_ += static_cast<std::int64_t>(-std::log(1 - random_.unit()) * kMillisBetweenLines);
  std::int64_t time_ms = clock_ms_;
  if (random_.chance(0.5))
    time_ms -= static_cast<std::int64_t>(random_.below(kDelaySecondsMax)) * 1000;
  std::string line = request_line(Timestamp{time_ms});
  return random_.below(2000) == 0 ? broken(std::move(line)) : line;
}

std::string LogGenerator::request_line(Timestamp time) {
  const Page& page = pick_page(random_);
  const std::string client = pick_client(random_);
  const std::int64_t bytes =
      page.bytes == 0
          ? 0
          : page.bytes / 2 +
                static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(page.bytes)));
  return fmt::format("{} - - [{}] \"GET {} HTTP/1.1\" {} {} \"-\" \"{}\"", client, log_time(time),
                     page.path, page.status, bytes == 0 ? "-" : fmt::to_string(bytes),
                     kAgents[random_.below(kAgents.size())]);
}

std::string LogGenerator::broken(std::string line) {
  switch (random_.below(3)) {
    case 0:
      line.resize(line.size() / 3);  // cut before the status
      return line;
    case 1:
      line[line.find('[')] = '(';
      return line;
    default:
      line.back() = '\xe9';  // Latin-1
      return line;
  }
}

}  // namespace millrace::access_log
