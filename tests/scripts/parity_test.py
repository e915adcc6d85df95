#!/usr/bin/env python3
"""What scripts/check-parity finds wrong with a table, and that the tables of this repository are right."""
import pathlib
import sys
import tempfile
import unittest
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import parity  # noqa: E402

CASES = 'TEST_CASE("S9-01: it works") {}\nTEST_CASE("a name of "\n          "two literals") {}\n'


class Parity(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for file, text in {"tests/a_test.cpp": CASES, "tests/b_test.py": "def runs(): pass\ndef forgotten(): pass\nrun([runs])\n"}.items():
            (self.root / file).parent.mkdir(exist_ok=True)
            (self.root / file).write_text(text)
        (self.root / "docs/parity").mkdir(parents=True)

    def check(self, *lines, count=2, sheet=None):
        """(faults of the table, {row: faults})"""
        (self.root / "docs/parity/S9.tsv").write_text("\n".join([f"# rows: {count}", *("\t".join(line) for line in lines)]) + "\n")
        if sheet:
            (self.root / "parity.md").write_text(sheet)
        rows, faults = parity.check("S9", self.root, self.root)
        return faults, {name: row.faults for name, row in rows.items()}

    def test_a_row_is_done_when_its_tests_stand_there_and_run(self):
        faults, rows = self.check(("S9-01", "DONE", "tests/a_test.cpp: S9-01: it works | tests/b_test.py: runs"),
                                  ("S9-02", "DONE", "tests/a_test.cpp: a name of two literals"))
        self.assertEqual((faults, rows), ([], {"S9-01": [], "S9-02": []}))

    def test_a_test_that_is_not_there_is_told(self):
        for detail in ("tests/a_test.cpp: it works", "tests/none_test.cpp: S9-01: it works", "tests/b_test.py: forgotten", "tests/b_test.py: ru", "by hand"):
            _, rows = self.check(("S9-01", "DONE", detail), ("S9-02", "OPEN", "later"))
            self.assertEqual((len(rows["S9-01"]), rows["S9-02"]), (1, []), detail)

    def test_every_row_has_one_line(self):
        self.assertEqual(self.check(("S9-01", "OPEN", "x"))[0], ["S9-02 has no line"])
        self.assertEqual(self.check(("S9-01", "OPEN", "x"), ("S9-02", "OPEN", "x"), ("S9-03", "OPEN", "x"))[0], ["S9-03 is no row of the sheet"])
        self.assertEqual(len(self.check(("S9-01", "OPEN", "x"), ("S9-01", "OPEN", "x"), count=1)[0]), 1)

    def test_a_line_says_what_became_of_it_and_why(self):
        for line in (("S9-01", "PERHAPS", "x"), ("S9-01", "REFUSED", ""), ("S9-01", "DONE")):
            self.assertEqual(len(self.check(line, count=1)[0]), 2, line)

    def test_rows_of_the_sheet_that_the_table_lacks_are_told(self):
        faults, _ = self.check(("S9-01", "OPEN", "x"), count=1, sheet="| S9-01 | a | b |\n| S9-02 | a | b |\n| S8-07 | a | b |\n")
        self.assertEqual(faults, ["S9-02 of parity.md has no line"])

    def ran(self, case, output="", status="run", inside=""):
        return parity.seen_of(case, ElementTree.fromstring(f'<testcase name="x" time="1.25" status="{status}">{inside}<system-out>{output}</system-out></testcase>'))

    def test_a_case_passed_when_its_program_says_so_of_it(self):
        output = "ok     it works (2.5 s)\nFAILED it holds: 1 != 2\n"
        self.assertEqual(self.ran("it_works", output, "fail", "<failure/>"), parity.Seen(True, "it_works: ok in 2.5 s"))
        self.assertEqual(self.ran("it_holds", output, "fail", "<failure/>"), parity.Seen(False, "it_holds: failed: 1 != 2"))
        self.assertEqual(self.ran("it_works", "ok: it works (3 s)"), parity.Seen(True, "it_works: ok in 3 s"))
        self.assertEqual(self.ran("S9-01: a case", "[doctest] 1 passed"), parity.Seen(True, "S9-01: a case: ok in 1.2 s"))

    def test_a_case_that_did_not_end_was_skipped_or_is_not_built_is_not_passed(self):
        for case, result in (("it_works", None), ("it_works", self.ran("it_works", "skipped: no server", "notrun", "<skipped/>")),
                             ("it_works", self.ran("it_works", "ok     it works well (1 s)", "fail", '<failure message="Timeout"/>'))):
            seen = parity.seen_of(case, None) if result is None else result
            self.assertFalse(seen.passed, seen)
        self.assertEqual(self.ran("a", "skipped: no server", "notrun", "<skipped/>").words, "a: skipped: skipped: no server")
        self.assertEqual(self.ran("a", "x_test.cpp:3: ERROR: CHECK( 1 == 2 ) is NOT correct!", "fail", '<failure message="Failed"/>').words,
                         "a: Failed: ERROR: CHECK( 1 == 2 ) is NOT correct!")

    def test_a_row_is_passed_by_all_of_its_tests_refused_by_the_table_or_failed(self):
        good, bad = parity.Seen(True, "good"), parity.Seen(False, "bad")
        row = parity.Row("S9-01", "DONE", "a: one | a: two")
        self.assertEqual(parity.outcome(row, {("a", "one"): good, ("a", "two"): good}), ("PASS", "good; good"))
        self.assertEqual(parity.outcome(row, {("a", "one"): good, ("a", "two"): bad}), ("FAIL", "good; bad"))
        self.assertEqual(parity.outcome(parity.Row("S9-02", "REFUSED", "why"), {}), ("REFUSED", "why"))
        self.assertEqual(parity.outcome(parity.Row("S9-03", "OPEN", "later"), {}), ("FAIL", "open: later"))
        self.assertEqual(parity.outcome(parity.Row("S9-04", "DONE", "x", ["no such test"]), {}), ("FAIL", "no such test"))

    def test_cases_are_found_by_the_names_that_ctest_knows(self):
        rows = {"S9-01": parity.Row("S9-01", "DONE", "tests/a_test.cpp: S9-01: it works | tests/integration/b_test.py: runs | tests/a_test.cpp: gone")}
        self.assertEqual(parity.numbers_of(rows, ["a_tests: other", "a_tests: S9-01: it works", "integration/b"]),
                         {("tests/a_test.cpp", "S9-01: it works"): 2, ("tests/integration/b_test.py", "runs"): 3, ("tests/a_test.cpp", "gone"): None})

    def test_the_tables_of_this_repository_are_right(self):
        tables = sorted(file.stem for file in (ROOT / "docs/parity").glob("*.tsv"))
        self.assertIn("S1", tables)
        for sheet in tables:
            rows, faults = parity.check(sheet)
            self.assertEqual((faults, {name: row.faults for name, row in rows.items() if row.faults}), ([], {}), sheet)


if __name__ == "__main__":
    unittest.main()
