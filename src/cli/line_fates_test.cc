#include "cli/line_fates.h"

#include <gtest/gtest.h>

#include "cli/testing/memory_console.h"

namespace millrace::cli {
namespace {

const Error kRefused{ErrorCode::kKafka, "MESSAGE_TOO_LARGE"};

TEST(LineFates, SaysALineThatWasRefusedByItsNumber) {
  MemoryConsole memory;
  LineFates fates(memory.console());

  fates.count_written();
  fates.count_refused(7, kRefused);
  fates.say_refused();
  fates.say_refused();

  EXPECT_EQ(memory.err(), "millrace: line 7 was not written: MESSAGE_TOO_LARGE\n");
  EXPECT_EQ(fates.written(), 1U);
  EXPECT_EQ(fates.refused(), 1U);
}

TEST(LineFates, SaysLinesThatFellTogetherTogether) {
  MemoryConsole memory;
  LineFates fates(memory.console());

  for (const std::uint64_t number : {12U, 3U, 8U}) fates.count_refused(number, kRefused);
  fates.say_refused();

  EXPECT_EQ(memory.err(), "millrace: 3 lines from 3 to 12 were not written: MESSAGE_TOO_LARGE\n");
  EXPECT_EQ(fates.refused(), 3U);
}

TEST(LineFates, DoesNotSayOfALineWithoutAnswerThatItWasNotWritten) {
  MemoryConsole memory;
  LineFates fates(memory.console());

  fates.count_refused(1, {ErrorCode::kTimeout, "no answer within 500 ms"});
  fates.say_refused();

  EXPECT_EQ(memory.err(), "millrace: line 1 was not acknowledged: no answer within 500 ms\n");
}

}  // namespace
}  // namespace millrace::cli
