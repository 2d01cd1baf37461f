// wire_peer: our codec as a line-by-line program, for tests that hold it against somebody else's.
//
//   messages                     {"name":…,"min":…,"max":…} of each request and response, on one
//   line random NAME VERSION SEED     HEX JSON of a random message decode NAME VERSION HEX      HEX
//   JSON: decoded, and encoded again; or "error …" describe                     what is said of
//   each message, request, response or record, and of
//                                each of its fields, on one line
#include <fmt/format.h>

#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>

#include "base/random.h"
#include "tests/interop/described_messages.h"
#include "wire/every_message.h"
#include "wire/frame.h"
#include "wire/testing/hex.h"

namespace millrace::wire {
namespace {

struct Question {
  std::string verb;
  std::string name;
  std::int16_t version = 0;
  std::string rest;
};

template <class M>
std::string written(const M& message, std::int16_t version) {
  Buffer bytes;
  const Status status = Codec<M>::encode(message, version, bytes);
  if (!status.ok()) return "error " + status.error().to_string();
  return fmt::format("{} {}", hex_of_bytes(bytes.view()), Codec<M>::to_json(message, version));
}

template <class M>
std::string answer_about(const Question& question) {
  if (question.verb == "random") {
    Random random(std::stoull(question.rest));
    return written(Codec<M>::random(random, question.version), question.version);
  }
  const std::string bytes = bytes_of_hex(question.rest);
  ByteReader reader(bytes);
  const Result<M> message = decode_body<M>(reader, question.version);
  if (!message.ok()) return "error " + message.error().to_string();
  if (reader.remaining() > 0) return fmt::format("error {} bytes are left", reader.remaining());
  return written(*message, question.version);
}

std::string answer(const Question& question) {
  std::string result = "error no such message";
  if (question.verb == "messages") {
    result = "[";
    const auto list = [&](auto type) {
      using M = typename decltype(type)::type;
      result += fmt::format(R"({}{{"name":"{}","min":{},"max":{}}})", result.size() > 1 ? "," : "",
                            M::kName, M::kVersions.min, M::kVersions.max);
    };
    for_each_request(list);
    for_each_response(list);
    return result + "]";
  }
  if (question.verb == "describe") return described_messages();
  for_each_message([&](auto type) {
    using M = typename decltype(type)::type;
    if (M::kName == question.name) result = answer_about<M>(question);
  });
  return result;
}

}  // namespace
}  // namespace millrace::wire

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    millrace::wire::Question question;
    words >> question.verb >> question.name >> question.version >> question.rest;
    std::cout << millrace::wire::answer(question) << std::endl;
  }
  return 0;
}
