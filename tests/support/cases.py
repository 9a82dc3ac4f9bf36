#!/usr/bin/env python3
"""Counts the cases in a JUnit file of ctest: a cmocka program by its cases, any other test as one.

A program that failed counts at least one failure, also when it died before it named a case.
"""
import argparse
import re
import sys
import xml.etree.ElementTree as tree

PASSED = re.compile(r"^\[ +OK \]", re.M)
FAILED = re.compile(r"^\[ +(?:FAILED|ERROR) +\] \S+$", re.M)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("junit")
    ap.add_argument("--tally", help="append `passed failed` to this file")
    args = ap.parse_args()
    passed = failed = 0
    programs = tree.parse(args.junit).getroot().findall("testcase")
    for program in programs:
        said = program.findtext("system-out") or ""
        good = len(PASSED.findall(said))
        if program.get("status") == "run":
            passed += good or 1
        else:
            bad = set(FAILED.findall(said))
            passed += good
            failed += len(bad) or 1
            print(f"FAIL  {program.get('name')}")
    print(f"{len(programs)} programs: {passed} cases passed, {failed} failed")
    if args.tally:
        with open(args.tally, "a", encoding="utf-8") as f:
            f.write(f"{passed} {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
