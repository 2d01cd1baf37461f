// A segment by itself: what becomes of its files.
#include "storage/segment/segment.h"

#include <gtest/gtest.h>

#include "sim/sim_file_system.h"
#include "storage/testing/batches.h"
#include "wire/batch_header.h"

namespace millrace::storage {
namespace {

TEST(Segment, OnceGivenUpItOpensNoFileThatBearsItsName) {
  sim::SimFileSystem files;
  ASSERT_TRUE(files.create_directories("/log").ok());
  const auto segment = Segment::create(files, "/log", Offset{0}, Timestamp{1000}).value();
  const std::string batch = testing::make_batch({});
  ASSERT_TRUE(segment->append(batch, wire::read_batch_header(batch).value(), 4096).ok());
  ASSERT_TRUE(segment->write_indexes().ok());
  segment->seal();
  ASSERT_TRUE(segment->sync().ok());
  segment->release_files();
  ASSERT_TRUE(segment->start_for(Offset{0}).ok()) << "a sealed segment opens its files";
  segment->release_files();

  ASSERT_TRUE(segment->retire({}, Segment::Snapshot::kStays).ok());
  const auto copy = Segment::create(files, "/log", Offset{0}, Timestamp{1000});
  ASSERT_TRUE(copy.ok()) << "of the same name";

  const auto start = segment->start_for(Offset{0});
  ASSERT_FALSE(start.ok());
  EXPECT_EQ(start.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace millrace::storage
