"""Tells from the shop's lines, and from nothing of Muster, what insights must tell.

    python3 insights.py online_retail.csv.gz LINES

prints as JSON, about the profiles of the first LINES lines: how many bought the
first of PRODUCTS and how many did not; of each, how many are of a country and how
many bought something in a month; how many bought which of PRODUCTS and none of
the others; and of each of PRODUCTS, month and country how many bought it, by how
many lines, and how many of these were of twelve pieces or more. A profile is a
customer, or an invoice that names none. Its country is the one of its last line
in time, and for what was sold the last in time of those up to that line.
"""

import collections
import csv
import datetime
import gzip
import itertools
import json
import sys

PRODUCTS = ["85123A", "22423", "85099B", "47566", "20725"]


def main():
    file, lines = sys.argv[1], int(sys.argv[2])
    bought, months, country = collections.defaultdict(set), collections.defaultdict(set), {}
    buyers, sold = collections.defaultdict(set), collections.defaultdict(lambda: [0, 0, 0])
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        for row in itertools.islice(csv.DictReader(text), lines):
            who = row["CustomerID"].removesuffix(".0") or "invoice-" + row["InvoiceNo"]
            at = row["InvoiceDate"]
            bought[who], months[who]
            if row["CustomerID"] and (who not in country or instant(at) >= country[who][0]):
                country[who] = (instant(at), row["Country"])
            if not row["InvoiceNo"].startswith("C") and int(row["Quantity"]) >= 0:
                bought[who].add(row["StockCode"])
                months[who].add(instant(at).strftime("%Y-%m"))
                if row["StockCode"] in PRODUCTS:
                    where = country[who][1] if who in country else "(none)"
                    for month in instant(at).strftime("%Y-%m"), "ever":
                        cell = f"{row['StockCode']} {month} {where}"
                        buyers[cell].add(who)
                        sold[cell][0] = len(buyers[cell])
                        sold[cell][1] += 1
                        sold[cell][2] += int(row["Quantity"]) >= 12
    sides = [sum(PRODUCTS[0] in of for of in bought.values())]
    sides.append(len(bought) - sides[0])
    rows = collections.defaultdict(lambda: [0, 0])
    for who, of in bought.items():
        side = 0 if PRODUCTS[0] in of else 1
        if who in country:
            rows["country " + country[who][1]][side] += 1
        for month in months[who]:
            rows["month " + month][side] += 1
    exactly = collections.Counter(" ".join(p for p in PRODUCTS if p in of) for of in bought.values())
    del exactly[""]
    json.dump({"products": PRODUCTS, "sides": sides, "rows": rows, "exactly": exactly, "sold": sold}, sys.stdout)


def instant(text):
    return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")


main()
