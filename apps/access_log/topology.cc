#include "apps/access_log/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "apps/access_log/access_line.h"
#include "apps/access_log/counts.h"
#include "streams/streams_builder.h"

namespace millrace::access_log {
namespace {

using streams::Record;
using streams::Windowed;

constexpr Millis kMinute{60'000};
constexpr Millis kGrace{8000LL * 365 * 24 * 60 * 60 * 1000};

/// A line and what became of it: its fields, or the reason why there are none.
struct Parsed {
  std::string_view line;
  AccessLine fields;
  std::string reason;  // empty when the line parsed
};

Parsed parse(std::string_view line) {
  auto fields = parse_access_line(line);
  if (!fields.ok()) return {line, {}, fields.error().message};
  return {line, *fields, {}};
}

/// As a dead letter: the line as it came.
struct LineSerde {
  void encode(const Parsed& parsed, Buffer& out) const { out.append(parsed.line); }
  Result<Parsed> decode(std::string_view bytes) const { return parse(bytes); }
};

/// One request, as it is counted. The key is its status.
struct Hit {
  std::int32_t status = 0;
  std::int64_t bytes = 0;
};

/// A log may claim any size: the sum stays at the largest number there is.
StatusTotals totals_with(const StatusTotals& totals, std::int32_t status, const Hit& hit) {
  const std::int64_t room = INT64_MAX - totals.bytes;
  return {status, totals.requests + 1, totals.bytes + std::min(hit.bytes, room)};
}

}  // namespace

Result<streams::Topology> make_topology(const Topics& topics) {
  streams::StreamsBuilder builder;

  const auto [parsed, broken] =
      builder.stream<std::string_view, std::string_view>(topics.log)
          .map_values([](std::string_view line) { return parse(line); })
          .split([](std::string_view, const Parsed& line) { return line.reason.empty(); });
  broken.to(topics.dead_letters,
            {.value_serde = LineSerde{},
             .headers = [](const Record<std::string_view, Parsed>& record, auto& headers) {
               headers.add(kReasonHeader, record.value.reason);
             }});

  const auto hits = parsed.process<std::int32_t, Hit>([](const auto& record, const auto& emit) {
    const AccessLine& line = record.value.fields;
    emit({line.status, {line.status, line.bytes}, line.time});
  });

  const streams::Grouped<std::int32_t, Hit> by_status{
      .value_serde = streams::struct_serde(&Hit::status, &Hit::bytes)};
  hits.group_by_key(by_status)
      .aggregate([] { return StatusTotals{}; },
                 [](std::int32_t status, const Hit& hit, const StatusTotals& totals) {
                   return totals_with(totals, status, hit);
                 },
                 {.store_name = "totals-by-status"})
      .to_stream()
      .map([](std::int32_t status, const StatusTotals& totals) {
        return std::pair(fmt::to_string(status), totals);
      })
      .to(topics.by_status);

  hits.group_by_key(by_status)
      .windowed_by(streams::TumblingWindows::of_size(kMinute).grace(kGrace))
      .count({.store_name = "requests-by-minute"})
      .to_stream()
      .map([](const Windowed<std::int32_t>& minute, std::int64_t requests) {
        return std::pair(fmt::format("{}@{}", minute.key, minute.window.start.value()),
                         MinuteCount{minute.window.start, minute.key, requests});
      })
      .to(topics.by_minute);

  return builder.build();
}

}  // namespace millrace::access_log
