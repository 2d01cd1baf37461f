// ResultReader: follows the application's output topics from their beginning.
#pragma once

#include <cstdint>

#include "apps/access_log/results.h"
#include "apps/access_log/topology.h"
#include "base/result.h"
#include "client/consumer.h"
#include "io/env.h"

namespace millrace::access_log {

/// thread  one
class ResultReader {
 public:
  static Result<ResultReader> create(const std::string& brokers, Topics topics, io::Env& env);

  /// Takes what has come; waits up to `timeout` for the first.
  /// errors  kCorrupt for a record that this application did not write; the consumer's
  Status poll(Millis timeout);

  /// How many lines have gone through the whole application: refused, or counted both by status
  /// and by minute.
  std::int64_t lines_counted() const;
  const Results& results() const { return results_; }

 private:
  ResultReader(client::Consumer consumer, Topics topics)
      : consumer_(std::move(consumer)), topics_(std::move(topics)) {}
  Status take(const std::string& topic, const RecordView& record);

  client::Consumer consumer_;
  Topics topics_;
  Results results_;
};

}  // namespace millrace::access_log
