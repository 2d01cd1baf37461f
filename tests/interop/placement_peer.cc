// Reads lines "PARTITIONS KEY", the key in hexadecimal, and writes which partition our client gives
// each key. Run by placement_test.py beside the same in Java.
#include <cstdint>
#include <iostream>
#include <string>

#include "client/partitioner.h"

int main() {
  std::ios::sync_with_stdio(false);
  std::int32_t partitions = 0;
  std::string line;
  while (std::cin >> partitions && std::cin.ignore(1) && std::getline(std::cin, line)) {
    std::string key;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      key.push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
    std::cout << millrace::client::partition_for_key(key, partitions).value() << '\n';
  }
}
