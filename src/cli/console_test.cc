#include "cli/console.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "cli/testing/memory_console.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kEvil = "evil\x1b[31m\nsecond";

TEST(Console, OnlyItsFormatBeginsLinesAndMovesCursors) {
  MemoryConsole memory;

  memory.console().print("\r{}\x1b[K\n", kEvil);
  memory.console().note("{} and {} of {:>4}\n", std::string(kEvil), kEvil.data(), 7);

  EXPECT_EQ(memory.out(), "\revil\\x1b[31m\\nsecond\x1b[K\n");
  EXPECT_EQ(memory.err(), "evil\\x1b[31m\\nsecond and evil\\x1b[31m\\nsecond of    7\n");
}

TEST(Console, WhatWasRenderedGoesOutAsItIs) {
  MemoryConsole memory;
  memory.console().print_rendered("NAME\nt\n");
  EXPECT_EQ(memory.out(), "NAME\nt\n");
}

}  // namespace
}  // namespace millrace::cli
