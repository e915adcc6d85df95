#!/usr/bin/env python3
"""What scripts/check-parity finds wrong with a table, and that the tables of this repository are right."""
import pathlib
import sys
import tempfile
import unittest

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

    def test_the_tables_of_this_repository_are_right(self):
        tables = sorted(file.stem for file in (ROOT / "docs/parity").glob("*.tsv"))
        self.assertIn("S1", tables)
        for sheet in tables:
            rows, faults = parity.check(sheet)
            self.assertEqual((faults, {name: row.faults for name, row in rows.items() if row.faults}), ([], {}), sheet)


if __name__ == "__main__":
    unittest.main()
