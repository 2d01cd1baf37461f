// Bids of an auction house as JSON of about 190 bytes: the events of the stream benchmarks.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>

#include "base/random.h"

namespace millrace::bench {

/// One bid in 123 is on a multiple of this auction number: what the filter lets through.
inline constexpr std::int64_t kFilterModulus = 123;
inline constexpr std::int64_t kAuctions = 10'000;

struct Bid {
  std::int64_t auction = 0;
  std::int64_t price = 0;
};

/// Writes bid number `index` into `json` and returns its auction. Ten bids share a millisecond of
/// event time.
inline std::int64_t write_bid(std::int64_t index, std::int64_t time_ms, Random& random,
                              std::string& json) {
  const auto auction = static_cast<std::int64_t>(random.below(kAuctions));
  json.clear();
  fmt::format_to(std::back_inserter(json),
                 R"({{"auction":{},"bidder":{},"price":{},"channel":"channel-{}",)"
                 R"("url":"https://auctions.example/item.htm?query=1&channel_id={}","dateTime":{},)"
                 R"("extra":"{:020}{:016x}"}})",
                 auction, 1000 + random.below(100'000), 100 + random.below(10'000'000),
                 random.below(100), random.below(1'000'000), time_ms, index, random.next());
  return auction;
}

}  // namespace millrace::bench
