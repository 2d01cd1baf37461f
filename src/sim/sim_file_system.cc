#include "sim/sim_file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/check.h"

namespace millrace::sim {

struct SimFileSystem::State {
  mutable std::mutex mutex;
  SimNodePtr root;
  std::uint64_t calls = 0;
  std::optional<Fault> fault;
  std::uint64_t fault_call = 0;  // the value of `calls` from which the fault strikes
  bool fault_repeats = false;
  bool fault_hit = false;
  const Clock* clock = nullptr;

  Timestamp wall() const { return clock == nullptr ? kNoTimestamp : clock->wall(); }

  enum class Call { kWrites, kOther };

  /// Counts a call and says how it is to fail, if it is.
  std::optional<Fault> enter(Call call) {
    ++calls;
    if (!fault || calls < fault_call || (fault_hit && !fault_repeats)) return std::nullopt;
    if (*fault != Fault::kIo && call != Call::kWrites) return std::nullopt;
    fault_hit = true;
    return fault;
  }
};

namespace {

using State = SimFileSystem::State;

Error fault_error(Fault fault, std::string_view call, std::string_view path) {
  if (fault == Fault::kIo) {
    return {ErrorCode::kIo, fmt::format("cannot {} {}: simulated I/O error", call, path), EIO};
  }
  return {ErrorCode::kDiskFull, fmt::format("cannot {} {}: simulated full disk", call, path),
          ENOSPC};
}

Error not_found(std::string_view path) {
  return {ErrorCode::kNotFound, fmt::format("{} does not exist", path), ENOENT};
}

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t length = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, length);
    path.remove_prefix(std::min(path.size(), length + 1));
    CHECK(part != "..", "the simulated file system does not know '..'");
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  return parts;
}

SimNodePtr find_node(const State& state, const std::vector<std::string>& parts) {
  SimNodePtr node = state.root;
  for (const std::string& part : parts) {
    const auto found = node->directory.entries().find(part);
    if (found == node->directory.entries().end()) return nullptr;
    node = found->second;
  }
  return node;
}

/// Where a path's last name lives. `directory` is null when the folder does not exist.
struct Place {
  SimNodePtr directory;
  std::string name;
  SimNodePtr node;  // null when there is nothing by that name
};

Place find_place(const State& state, const std::string& path) {
  std::vector<std::string> parts = path_parts(path);
  if (parts.empty()) return {};
  std::string name = std::move(parts.back());
  parts.pop_back();
  SimNodePtr directory = find_node(state, parts);
  if (directory == nullptr || !directory->is_directory) return {};
  const auto found = directory->directory.entries().find(name);
  SimNodePtr node = found == directory->directory.entries().end() ? nullptr : found->second;
  return {std::move(directory), std::move(name), std::move(node)};
}

io::PathKind kind_of(const SimNode& node) {
  return node.is_directory ? io::PathKind::kDirectory : io::PathKind::kRegularFile;
}

class SimFile final : public io::File {
 public:
  SimFile(std::shared_ptr<State> state, SimNodePtr node, std::string path, io::OpenMode mode)
      : state_(std::move(state)),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(mode != io::OpenMode::kRead) {}

  Status append(std::string_view bytes) override {
    const std::lock_guard lock(state_->mutex);
    return write(node_->file.bytes().size(), bytes);
  }

  Status write_at(std::uint64_t position, std::string_view bytes) override {
    const std::lock_guard lock(state_->mutex);
    return write(position, bytes);
  }

  Result<std::size_t> read_at(std::uint64_t position, std::span<char> into) const override {
    const std::lock_guard lock(state_->mutex);
    if (const auto fault = state_->enter(State::Call::kOther))
      return fault_error(*fault, "read", path_);
    const std::string& bytes = node_->file.bytes();
    if (position >= bytes.size()) return std::size_t{0};
    return bytes.copy(into.data(), into.size(), static_cast<std::size_t>(position));
  }

  Status sync() override {
    const std::lock_guard lock(state_->mutex);
    if (const auto fault = state_->enter(State::Call::kOther)) {
      node_->file.forget_unsynced();
      return fault_error(*fault, "sync", path_);
    }
    node_->file.sync();
    return {};
  }

  Status truncate(std::uint64_t size_bytes) override {
    const std::lock_guard lock(state_->mutex);
    if (const auto fault = state_->enter(State::Call::kOther))
      return fault_error(*fault, "truncate", path_);
    if (!writable_) return read_only();
    node_->file.truncate(size_bytes);
    node_->modified_at = state_->wall();
    return {};
  }

  std::uint64_t size() const override {
    const std::lock_guard lock(state_->mutex);
    return node_->file.bytes().size();
  }

  int native_handle() const override { return -1; }

 private:
  Error read_only() const {
    return {ErrorCode::kIo, fmt::format("cannot write {}: it is open for reading", path_), EBADF};
  }

  Status write(std::uint64_t position, std::string_view bytes) {
    if (const auto fault = state_->enter(State::Call::kWrites)) {
      if (*fault == Fault::kShortWrite)
        node_->file.write(position, bytes.substr(0, bytes.size() / 2));
      return fault_error(*fault, "write", path_);
    }
    if (!writable_) return read_only();
    node_->file.write(position, bytes);
    node_->modified_at = state_->wall();
    return {};
  }

  const std::shared_ptr<State> state_;
  const SimNodePtr node_;
  const std::string path_;
  const bool writable_;
};

class SimFileLock final : public io::FileLock {
 public:
  SimFileLock(std::shared_ptr<State> state, SimNodePtr node)
      : state_(std::move(state)), node_(std::move(node)) {}
  ~SimFileLock() override {
    const std::lock_guard lock(state_->mutex);
    node_->is_locked = false;
  }
  SimFileLock(const SimFileLock&) = delete;
  SimFileLock& operator=(const SimFileLock&) = delete;

 private:
  const std::shared_ptr<State> state_;
  const SimNodePtr node_;
};

}  // namespace

SimFileSystem::SimFileSystem(const Clock* clock)
    : SimFileSystem(std::make_shared<SimNode>(), clock) {
  state_->root->is_directory = true;
}

SimFileSystem::SimFileSystem(SimNodePtr root, const Clock* clock)
    : state_(std::make_shared<State>()) {
  state_->clock = clock;
  state_->root = std::move(root);
}

std::unique_ptr<SimFileSystem> SimFileSystem::crash(std::uint64_t seed) const {
  const std::lock_guard lock(state_->mutex);
  Random random(seed);
  return std::unique_ptr<SimFileSystem>(
      new SimFileSystem(state_->root->after_power_cut(random), state_->clock));
}

std::unique_ptr<SimFileSystem> SimFileSystem::process_death() const {
  const std::lock_guard lock(state_->mutex);
  return std::unique_ptr<SimFileSystem>(new SimFileSystem(state_->root->copy(), state_->clock));
}

void SimFileSystem::fail_call(std::uint64_t nth, Fault fault) {
  CHECK(nth > 0, "calls count from 1, which is the next one");
  const std::lock_guard lock(state_->mutex);
  state_->fault = fault;
  state_->fault_call = state_->calls + nth;
  state_->fault_repeats = false;
  state_->fault_hit = false;
}

void SimFileSystem::fail_from(std::uint64_t nth, Fault fault) {
  fail_call(nth, fault);
  const std::lock_guard lock(state_->mutex);
  state_->fault_repeats = true;
}

void SimFileSystem::clear_fault() {
  const std::lock_guard lock(state_->mutex);
  state_->fault.reset();
}

bool SimFileSystem::fault_hit() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fault_hit;
}

std::uint64_t SimFileSystem::call_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->calls;
}

Result<std::unique_ptr<io::File>> SimFileSystem::open(const std::string& path, io::OpenMode mode) {
  const std::lock_guard lock(state_->mutex);
  const bool is_new = mode == io::OpenMode::kCreateNew;
  const bool creates = is_new || mode == io::OpenMode::kCreateOrReadWrite;
  Place place = find_place(*state_, path);
  const auto call = creates && place.node == nullptr ? State::Call::kWrites : State::Call::kOther;
  if (const auto fault = state_->enter(call)) {
    return fault_error(*fault, "open", path);
  }
  if (place.directory == nullptr || (place.node == nullptr && !creates)) return not_found(path);
  if (place.node != nullptr && is_new) {
    return Error{ErrorCode::kAlreadyExists, fmt::format("cannot open {}: it exists", path), EEXIST};
  }
  if (place.node == nullptr) {
    place.node = std::make_shared<SimNode>();
    place.node->modified_at = state_->wall();
    place.directory->directory.add(place.name, place.node);
  }
  if (place.node->is_directory) {
    return Error{ErrorCode::kIo, fmt::format("cannot open {}: it is a directory", path), EISDIR};
  }
  return std::unique_ptr<io::File>(new SimFile(state_, std::move(place.node), path, mode));
}

Result<bool> SimFileSystem::exists(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kOther))
    return fault_error(*fault, "look for", path);
  return find_node(*state_, path_parts(path)) != nullptr;
}

Result<io::PathFacts> SimFileSystem::look_at(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kOther))
    return fault_error(*fault, "look at", path);
  const SimNodePtr node = find_node(*state_, path_parts(path));
  if (node == nullptr) return io::PathFacts{};
  return io::PathFacts{.kind = kind_of(*node), .is_own = true};
}

Result<Timestamp> SimFileSystem::modified_at(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kOther))
    return fault_error(*fault, "look at", path);
  const SimNodePtr node = find_node(*state_, path_parts(path));
  if (node == nullptr) return not_found(path);
  return node->modified_at;
}

Result<std::vector<io::DirectoryEntry>> SimFileSystem::list(const std::string& directory) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kOther))
    return fault_error(*fault, "list", directory);
  const SimNodePtr node = find_node(*state_, path_parts(directory));
  if (node == nullptr || !node->is_directory) return not_found(directory);
  std::vector<io::DirectoryEntry> entries;
  for (const auto& [name, child] : node->directory.entries()) {
    entries.push_back({.name = name, .kind = kind_of(*child)});
  }
  return entries;
}

Status SimFileSystem::create_directories(const std::string& directory) {
  const std::lock_guard lock(state_->mutex);
  const bool is_there = find_node(*state_, path_parts(directory)) != nullptr;
  if (const auto fault = state_->enter(is_there ? State::Call::kOther : State::Call::kWrites))
    return fault_error(*fault, "create", directory);
  SimNodePtr node = state_->root;
  for (const std::string& part : path_parts(directory)) {
    const auto found = node->directory.entries().find(part);
    SimNodePtr child;
    if (found != node->directory.entries().end()) {
      child = found->second;
    } else {
      child = std::make_shared<SimNode>();
      child->is_directory = true;
      node->directory.add(part, child);
    }
    if (!child->is_directory) {
      return Error{ErrorCode::kIo, fmt::format("cannot create {}: {} is a file", directory, part),
                   ENOTDIR};
    }
    node = std::move(child);
  }
  return {};
}

Status SimFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kWrites))
    return fault_error(*fault, "rename", from);
  const Place source = find_place(*state_, from);
  const Place target = find_place(*state_, to);
  if (source.node == nullptr) return not_found(from);
  if (target.directory == nullptr) return not_found(to);
  if (source.directory == target.directory) {
    source.directory->directory.rename(source.name, target.name);
    return {};
  }
  target.directory->directory.add(target.name, source.node);
  source.directory->directory.remove(source.name);
  return {};
}

Status SimFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kOther))
    return fault_error(*fault, "remove", path);
  const Place place = find_place(*state_, path);
  if (place.node == nullptr) return not_found(path);
  if (place.node->is_directory && !place.node->directory.entries().empty()) {
    return Error{ErrorCode::kIo, fmt::format("cannot remove {}: it is not empty", path), ENOTEMPTY};
  }
  place.directory->directory.remove(place.name);
  return {};
}

Status SimFileSystem::remove_all(const std::string& directory) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kOther))
    return fault_error(*fault, "remove", directory);
  const Place place = find_place(*state_, directory);
  if (place.node != nullptr) place.directory->directory.remove(place.name);
  return {};
}

Status SimFileSystem::sync_directory(const std::string& directory) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kOther))
    return fault_error(*fault, "sync", directory);
  const SimNodePtr node = find_node(*state_, path_parts(directory));
  if (node == nullptr || !node->is_directory) return not_found(directory);
  node->directory.sync();
  return {};
}

Result<std::unique_ptr<io::FileLock>> SimFileSystem::lock(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (const auto fault = state_->enter(State::Call::kOther))
    return fault_error(*fault, "lock", path);
  Place place = find_place(*state_, path);
  if (place.directory == nullptr) return not_found(path);
  if (place.node == nullptr) {
    place.node = std::make_shared<SimNode>();
    place.directory->directory.add(place.name, place.node);
  }
  if (place.node->is_locked) {
    return Error{ErrorCode::kLocked, fmt::format("{} is locked by another process", path)};
  }
  place.node->is_locked = true;
  return std::unique_ptr<io::FileLock>(new SimFileLock(state_, std::move(place.node)));
}

}  // namespace millrace::sim
