#!/usr/bin/env python3
"""What the architecture checker lets pass and what it refuses."""

import unittest

import check

MODULES = {row["name"]: row for row in [
    {"name": "base", "folder": "src/base", "floor": 0, "depends": [], "test_depends": [], "face": []},
    {"name": "io", "folder": "src/io", "floor": 1, "depends": ["base"], "test_depends": [], "face": []},
    {"name": "sim", "folder": "src/sim", "floor": 2, "depends": ["base", "io"], "test_depends": [], "face": []},
    {"name": "storage", "folder": "src/storage", "floor": 3, "depends": ["base", "io"],
     "test_depends": ["sim"], "face": ["messages"]},
    {"name": "client", "folder": "src/client", "floor": 3, "depends": ["base", "io"],
     "test_depends": [], "face": []},
    {"name": "demo", "folder": "apps/demo", "floor": 8, "depends": ["base", "client"],
     "test_depends": [], "face": []},
]}
FENCES = [
    {"prefix": "fmt/", "modules": ["*"]},
    {"prefix": "boost/unordered/", "modules": ["storage"]},
    {"prefix": "boost/", "modules": ["io"]},
    {"prefix": "gtest/", "modules": ["*"], "tests_only": True},
    {"prefix": "posix:", "modules": ["io", "tests"]},
]


class ProjectIncludeTest(unittest.TestCase):
    def check(self, path, header):
        return check.check_project_include(path, header, MODULES)

    def test_lower_floors_that_are_declared_may_be_included(self):
        self.assertIsNone(self.check("src/storage/log.cc", "base/error.h"))
        self.assertIsNone(self.check("src/storage/log.cc", "storage/segment/segment.h"))
        self.assertIsNone(self.check("src/storage/log.cc", "storage/internal/index.h"))
        self.assertIsNone(self.check("apps/demo/main.cc", "apps/demo/parser.h"))

    def test_climbing_and_going_sideways_is_refused(self):
        self.assertIn("climbs or goes sideways", self.check("src/io/loop.cc", "storage/log.h"))
        self.assertIn("climbs or goes sideways", self.check("src/storage/log.cc", "client/producer.h"))
        self.assertIn("climbs or goes sideways", self.check("src/client/a.cc", "apps/demo/parser.h"))

    def test_a_lower_floor_must_still_be_declared(self):
        self.assertIn("is not declared", self.check("apps/demo/main.cc", "io/env.h"))

    def test_only_tests_may_use_test_dependencies(self):
        self.assertIn("is not declared", self.check("src/storage/log.cc", "sim/clock.h"))
        self.assertIsNone(self.check("src/storage/log_test.cc", "sim/clock.h"))

    def test_rooms_stay_at_home_unless_they_are_part_of_the_face(self):
        self.assertIn("internal to io", self.check("src/storage/log.cc", "io/sockets/tcp.h"))
        self.assertIn("internal to client", self.check("apps/demo/main.cc", "client/producer/sender.h"))
        self.assertIsNone(self.check("apps/demo/main.cc", "client/producer.h"))
        self.assertIsNone(check.check_face("storage/messages/fetch.h", MODULES["storage"]))
        self.assertIsNotNone(check.check_face("storage/messages/deep/fetch.h", MODULES["storage"]))

    def test_a_testing_room_is_for_tests_of_every_module_and_for_nothing_else(self):
        for path in ("src/storage/log_test.cc", "src/storage/testing/log_fixture.h", "tests/e2e/restart_test.cc"):
            self.assertIsNone(self.check(path, "io/testing/loop_fixture.h"), path)
        self.assertIn("for tests only", self.check("src/storage/log.cc", "io/testing/loop_fixture.h"))
        self.assertIn("for tests only", self.check("src/io/loop.cc", "io/testing/loop_fixture.h"))

    def test_a_header_for_tests_stands_in_a_testing_room_and_says_so_nowhere_else(self):
        for path in ("src/io/loop_fixture_test.h", "src/wire/hex_for_tests.h", "src/storage/test_batches.h"):
            self.assertIn("testing room", check.check_header_name(path), path)
        for path in ("src/io/testing/loop_fixture.h", "src/streams/testing/test_driver.h", "src/io/latest_time.h"):
            self.assertIsNone(check.check_header_name(path), path)

    def test_relative_and_unknown_headers_are_refused(self):
        self.assertIn("relative path", self.check("src/storage/log.cc", "../io/env.h"))
        self.assertIn("no module's header", self.check("src/storage/log.cc", "stoarge/log.h"))

    def test_tests_of_the_whole_may_include_every_module(self):
        self.assertIsNone(self.check("tests/record/whole_way_test.cc", "client/producer.h"))


class LibraryIncludeTest(unittest.TestCase):
    def check(self, path, header):
        return check.check_library_include(path, header, MODULES, FENCES)

    def test_the_standard_library_is_free(self):
        self.assertIsNone(self.check("src/base/error.h", "string_view"))

    def test_libraries_stay_with_their_owners(self):
        self.assertIsNone(self.check("src/io/loop.cc", "boost/asio.hpp"))
        self.assertIn("only io may", self.check("src/storage/log.cc", "boost/asio.hpp"))
        self.assertIsNone(self.check("src/storage/log.cc", "boost/unordered/unordered_flat_map.hpp"))

    def test_an_unknown_library_is_refused(self):
        self.assertIn("does not know", self.check("src/io/loop.cc", "absl/strings/str_cat.hpp"))

    def test_test_libraries_are_for_tests(self):
        self.assertIsNone(self.check("src/base/error_test.cc", "gtest/gtest.h"))
        self.assertIn("only tests", self.check("src/base/error.cc", "gtest/gtest.h"))

    def test_the_operating_system_is_for_those_who_touch_it(self):
        self.assertIsNone(self.check("src/io/socket.cc", "sys/socket.h"))
        self.assertIn("only io, tests may", self.check("src/storage/log.cc", "unistd.h"))


class BanTest(unittest.TestCase):
    BANS = [{"pattern": r"\bsleep_for\b", "instead": "a timer", "except": ["bench/"]},
            {"pattern": r"\bFIXME\b", "instead": "mend it", "except": [], "comments": True}]

    def found(self, path, text):
        return list(check.check_bans(path, text, self.BANS))

    def test_names_the_place_and_the_replacement(self):
        self.assertEqual(self.found("src/a.cc", "int x;\nsleep_for(1);\n"),
                         ["src/a.cc:2: sleep_for: instead a timer"])

    def test_comments_count_only_where_the_ban_says_so(self):
        self.assertEqual(self.found("src/a.cc", "// sleep_for\n/* sleep_for\n */\n"), [])
        self.assertEqual(len(self.found("src/a.cc", "// FIXME later\n")), 1)

    def test_exceptions_are_by_place(self):
        self.assertEqual(self.found("bench/a.cc", "sleep_for(1);"), [])

    def unneeded(self, *sources):
        used = set()
        for path, text in sources:
            list(check.check_bans(path, text, self.BANS, used))
        return list(check.unneeded_exceptions(self.BANS, used))

    def test_an_exception_that_something_needs_may_stay(self):
        self.assertEqual(self.unneeded(("bench/a.cc", "int x;"), ("bench/b.cc", "sleep_for(1);")), [])

    def test_an_exception_that_nothing_needs_is_refused(self):
        for sources in ([], [("bench/a.cc", "// sleep_for(1);")], [("src/a.cc", "sleep_for(1);")],
                        [("bench/a_test.cc", "FIXME")]):
            self.assertEqual(self.unneeded(*sources),
                             [r"tools/arch/banned.toml: nothing in bench/ needs its exception from '\bsleep_for\b'"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
