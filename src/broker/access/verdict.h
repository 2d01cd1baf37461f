// Verdict: what a gate says of a request, and the pieces that gates are made of.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace millrace::broker {

template <class Response>
struct Verdict {
  /// The whole answer; the handler is not asked.
  std::optional<Response> refusal = std::nullopt;
  /// What is to be done to the handler's answer, such as to add what was taken out of the request.
  /// From any thread. Null when nothing is.
  std::function<void(Response&)> amend = nullptr;
};

/// Takes out of `list` what `is_allowed` refuses; the rest stays in order.
template <class Item, class IsAllowed>
std::vector<Item> take_refused(std::vector<Item>& list, IsAllowed&& is_allowed) {
  const auto first = std::stable_partition(list.begin(), list.end(), is_allowed);
  std::vector<Item> refused(std::make_move_iterator(first), std::make_move_iterator(list.end()));
  list.erase(first, list.end());
  return refused;
}

/// The handler answers for what is left, and `refused` goes behind that.
template <class Response, class Answer>
Verdict<Response> answered_besides(std::vector<Answer> Response::*list,
                                   std::vector<Answer> refused) {
  if (refused.empty()) return {};
  return {.amend = [list, refused = std::move(refused)](Response& response) {
    auto& answers = response.*list;
    answers.insert(answers.end(), refused.begin(), refused.end());
  }};
}

}  // namespace millrace::broker
