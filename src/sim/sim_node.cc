#include "sim/sim_node.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace millrace::sim {
namespace {

void write_into(std::string& to, std::uint64_t position, std::string_view bytes) {
  const auto start = static_cast<std::size_t>(position);
  if (to.size() < start + bytes.size()) to.resize(start + bytes.size(), '\0');
  bytes.copy(to.data() + start, bytes.size());
}

}  // namespace

void SimFileContent::apply(std::string& to, const Change& change) {
  if (change.is_truncate) {
    to.resize(static_cast<std::size_t>(change.position), '\0');
  } else {
    write_into(to, change.position, change.bytes);
  }
}

// Sector by sector: written, or not. Not written means the old bytes where the file had any, and
// zeros or garbage where it was extended.
void SimFileContent::apply_torn(std::string& to, const Change& change, Random& random) {
  if (change.is_truncate) {
    if (random.chance(0.5)) apply(to, change);
    return;
  }
  const std::size_t old_size = to.size();
  const auto start = static_cast<std::size_t>(change.position);
  const std::size_t end = start + change.bytes.size();
  if (to.size() < end) to.resize(end, '\0');
  for (std::size_t at = start; at < end;) {
    const std::size_t sector_end = std::min(end, (at / kSectorBytes + 1) * kSectorBytes);
    const std::uint64_t fate = random.below(4);
    if (fate <= 1) {
      change.bytes.copy(to.data() + at, sector_end - at, at - start);
    } else if (fate == 3) {
      for (std::size_t i = std::max(at, old_size); i < sector_end; ++i) {
        to[i] = static_cast<char>(random.below(256));
      }
    }
    at = sector_end;
  }
}

void SimFileContent::write(std::uint64_t position, std::string_view bytes) {
  if (bytes.empty()) return;
  write_into(current_, position, bytes);
  if (!unsynced_.empty() && !unsynced_.back().is_truncate &&
      unsynced_.back().position + unsynced_.back().bytes.size() == position) {
    unsynced_.back().bytes.append(bytes);
    return;
  }
  unsynced_.push_back({.position = position, .bytes = std::string(bytes)});
}

void SimFileContent::truncate(std::uint64_t size_bytes) {
  unsynced_.push_back({.is_truncate = true, .position = size_bytes, .bytes = {}});
  apply(current_, unsynced_.back());
}

void SimFileContent::sync() {
  for (const Change& change : unsynced_) apply(durable_, change);
  unsynced_.clear();
}

SimFileContent SimFileContent::after_power_cut(Random& random) const {
  enum class Fate : std::uint8_t { kLost, kKept, kCut, kTorn };
  std::string disk = durable_;
  switch (static_cast<Fate>(random.below(4))) {
    case Fate::kLost:
      break;
    case Fate::kKept:
      for (const Change& change : unsynced_) apply(disk, change);
      break;
    case Fate::kCut:
      if (!unsynced_.empty()) {
        const auto whole = static_cast<std::size_t>(random.below(unsynced_.size()));
        for (std::size_t i = 0; i < whole; ++i) apply(disk, unsynced_[i]);
        Change last = unsynced_[whole];
        if (!last.is_truncate) {
          last.bytes.resize(static_cast<std::size_t>(random.below(last.bytes.size() + 1)));
          if (!last.bytes.empty()) apply(disk, last);
        }
      }
      break;
    case Fate::kTorn:
      for (const Change& change : unsynced_) apply_torn(disk, change, random);
      break;
  }
  SimFileContent after;
  after.current_ = disk;
  after.durable_ = std::move(disk);
  return after;
}

void SimDirectoryContent::apply(SimEntries& to, const Change& change) {
  if (change.added != nullptr) {
    to[change.name] = change.added;
    return;
  }
  const auto found = to.find(change.name);
  if (found == to.end()) return;
  if (change.renamed_to.empty()) {
    to.erase(found);
    return;
  }
  SimNodePtr node = found->second;
  to.erase(found);
  to[change.renamed_to] = std::move(node);
}

void SimDirectoryContent::add(const std::string& name, SimNodePtr node) {
  unsynced_.push_back({.name = name, .renamed_to = {}, .added = std::move(node)});
  apply(current_, unsynced_.back());
}

void SimDirectoryContent::remove(const std::string& name) {
  unsynced_.push_back({.name = name, .renamed_to = {}, .added = nullptr});
  apply(current_, unsynced_.back());
}

void SimDirectoryContent::rename(const std::string& from, const std::string& to) {
  if (from == to) return;
  unsynced_.push_back({.name = from, .renamed_to = to, .added = nullptr});
  apply(current_, unsynced_.back());
}

void SimDirectoryContent::sync() {
  durable_ = current_;
  unsynced_.clear();
}

SimEntries SimDirectoryContent::after_power_cut(Random& random) const {
  SimEntries disk = durable_;
  // Some cuts come right after the journal was written, some before it; most lie in between.
  const std::uint64_t survives_of_4 = 1 + random.below(4);
  std::set<std::string, std::less<>> lost;
  for (const Change& change : unsynced_) {
    const bool builds_on_lost = lost.contains(change.name) || lost.contains(change.renamed_to);
    if (!builds_on_lost && random.below(4) < survives_of_4) {
      apply(disk, change);
      continue;
    }
    lost.insert(change.name);
    if (!change.renamed_to.empty()) lost.insert(change.renamed_to);
  }
  return disk;
}

void SimDirectoryContent::restore(SimEntries entries) {
  current_ = entries;
  durable_ = std::move(entries);
  unsynced_.clear();
}

SimNodePtr SimNode::after_power_cut(Random& random) const {
  auto after = std::make_shared<SimNode>();
  after->is_directory = is_directory;
  after->modified_at = modified_at;
  if (!is_directory) {
    after->file = file.after_power_cut(random);
    return after;
  }
  SimEntries entries = directory.after_power_cut(random);
  for (auto& [name, node] : entries) node = node->after_power_cut(random);
  after->directory.restore(std::move(entries));
  return after;
}

void SimDirectoryContent::replace_nodes(
    const std::function<SimNodePtr(const SimNodePtr&)>& replace) {
  for (auto& [name, node] : current_) node = replace(node);
  for (auto& [name, node] : durable_) node = replace(node);
  for (Change& change : unsynced_) {
    if (change.added != nullptr) change.added = replace(change.added);
  }
}

SimNodePtr SimNode::copy() const {
  // A node may be named several times: before and after a rename, synced and not.
  std::map<const SimNode*, SimNodePtr> copies;
  std::function<SimNodePtr(const SimNodePtr&)> copy_once = [&](const SimNodePtr& node) {
    SimNodePtr& made = copies[node.get()];
    if (made == nullptr) {
      made = std::make_shared<SimNode>(*node);
      made->is_locked = false;
      made->directory.replace_nodes(copy_once);
    }
    return made;
  };
  auto root = std::make_shared<SimNode>(*this);
  root->directory.replace_nodes(copy_once);
  return root;
}

}  // namespace millrace::sim
