// SeededFaults: decides which fault points strike. As few as make a run interesting: a run in which
// everything goes wrong all the time gets nowhere.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/fault_point.h"
#include "base/random.h"

namespace millrace::simulation {

/// Installed for as long as it lives. Each point is live in a part of the runs that let them
/// strike, and strikes rarely.
class SeededFaults final : public FaultSource {
 public:
  enum class Strikes : std::uint8_t { kRarely, kWhenHeld };

  SeededFaults(Random random, Strikes strikes) : random_(random), strikes_(strikes) {
    install(this);
  }
  ~SeededFaults() override { install(nullptr); }
  SeededFaults(const SeededFaults&) = delete;
  SeededFaults& operator=(const SeededFaults&) = delete;

  bool strikes(std::string_view point) override {
    if (!is_on_) return false;
    if (held_.contains(point)) return true;
    if (strikes_ == Strikes::kWhenHeld) return false;
    const auto [found, is_new] = live_.try_emplace(std::string(point), false);
    if (is_new) found->second = random_.chance(kLiveChance);
    return found->second && random_.chance(kStrikeChance);
  }
  /// The point strikes whenever it is passed, until it is let go.
  /// point  outlives that
  void hold(std::string_view point) { held_.insert(point); }
  void let_go(std::string_view point) { held_.erase(point); }
  /// From here on nothing strikes.
  void stop() { is_on_ = false; }

 private:
  static constexpr double kLiveChance = 0.5;
  static constexpr double kStrikeChance = 0.03;

  Random random_;
  const Strikes strikes_;
  std::set<std::string_view> held_;
  bool is_on_ = true;
  std::map<std::string, bool> live_;
};

}  // namespace millrace::simulation
