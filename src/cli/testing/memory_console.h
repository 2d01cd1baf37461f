// A console in memory, whose output is read back.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "cli/console.h"

namespace millrace::cli {

class MemoryConsole {
 public:
  MemoryConsole() {
    console_.out = open_memstream(&out_, &out_size_);
    console_.err = open_memstream(&err_, &err_size_);
  }
  ~MemoryConsole() {
    (void)std::fclose(console_.out);
    (void)std::fclose(console_.err);
    std::free(out_);
    std::free(err_);
  }
  MemoryConsole(const MemoryConsole&) = delete;
  MemoryConsole& operator=(const MemoryConsole&) = delete;

  Console& console() { return console_; }
  std::string out() {
    (void)std::fflush(console_.out);
    return {out_, out_size_};
  }
  std::string err() {
    (void)std::fflush(console_.err);
    return {err_, err_size_};
  }

 private:
  char* out_ = nullptr;
  char* err_ = nullptr;
  std::size_t out_size_ = 0;
  std::size_t err_size_ = 0;
  Console console_;
};

}  // namespace millrace::cli
