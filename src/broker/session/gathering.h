// Gathering: an answer that waits for several things which may end at once, on several threads.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/guarded.h"

namespace millrace::broker {

/// Counts down; whoever ends last hands the answer over, outside the lock.
///   const auto flushing = gather(places.size(), std::move(response), std::move(send));
///   … for each of them, once: flushing->finish([&](Response& response) { … });
/// Send    (Answer), called once
/// thread  any, several at a time
template <class Answer, class Send>
class Gathering {
 public:
  /// count  > 0
  Gathering(std::size_t count, Answer answer, Send send)
      : open_(Open{count, std::move(answer)}), send_(std::move(send)) {
    CHECK(count > 0, "nothing to wait for, and nobody to answer");
  }

  /// One of them has ended.
  /// note  (Answer&), writes into the answer what came of it; runs under the lock
  template <class Note>
  void finish(Note&& note) {
    auto complete = open_.with([&](Open& open) -> std::optional<Answer> {
      note(open.answer);
      if (--open.count > 0) return std::nullopt;
      return std::move(open.answer);
    });
    if (complete) send_(*std::move(complete));
  }

 private:
  struct Open {
    std::size_t count;
    Answer answer;
  };
  Guarded<Open> open_;
  Send send_;  // touched by the last one only
};

template <class Answer, class Send>
std::shared_ptr<Gathering<Answer, Send>> gather(std::size_t count, Answer answer, Send send) {
  return std::make_shared<Gathering<Answer, Send>>(count, std::move(answer), std::move(send));
}

}  // namespace millrace::broker
