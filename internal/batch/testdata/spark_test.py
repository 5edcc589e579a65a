"""Hold configs/spark/score.py to what it says, on a local Spark: TestSpark runs this with
the paths of the binary and of score.py."""

import datetime
import decimal
import json
import os
import subprocess
import sys
import tempfile
import unittest

from pyspark.sql import SparkSession

BINARY, SCRIPT = sys.argv[1:3]

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

PARTITIONS = 3
ROWS = 6_000

ODD = [
    b"Object detection with YOLO", None, b"", b" \n", b'"quoted", and\r\nmore\nlines', b"caf\xe9",
    "Übersetzung mit Transformern \U0001f642".encode(), b"a\x00b", b"\xe2\x80\xa8separators\xe2\x80\xa8",
    b"long " * 100_000, b"{}", b"\\u0041",
]


def texts():
    for i in range(ROWS):
        yield ODD[i] if i < len(ODD) else b"Image segmentation with convolutions, number %d" % i


def direct(lines, *options):
    """Return what one process says of lines of JSON."""
    command = [BINARY, "batch", "--from=-", "--from-format=jsonl", "--to=-", "--to-format=jsonl", *options]
    out = subprocess.run(command, input=b"".join(lines), stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


class Score(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.spark = (
            SparkSession.builder.master("local[2]").appName("test")
            .config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "700").getOrCreate()
        )
        cls.spark.sparkContext.setLogLevel("OFF")
        cls.spark.sparkContext.addPyFile(SCRIPT)
        cls.spark.sparkContext.addFile(BINARY)
        global score
        import score
        cls.dir = tempfile.mkdtemp()
        # A binary that counts its processes.
        cls.counting = os.path.join(cls.dir, "counting")
        with open(cls.counting, "w") as f:
            f.write(f'#!/bin/sh\necho "$GOMAXPROCS" >>{cls.dir}/starts\nexec {BINARY} "$@"\n')
        os.chmod(cls.counting, 0o755)
        moment = datetime.datetime(2026, 11, 24, 1, 2, 3, 456789)
        rows = [
            (
                # An integer beyond 2^53 beside a NULL is what floats cannot keep.
                2**53 + 1 + i if i % 2 else None, i, bytearray(text) if text is not None else None,
                decimal.Decimal("1.10"), moment.date(), moment, [1, None], {"k": i}, (i, "x"),
            )
            for i, text in enumerate(texts())
        ]
        kinds = "big bigint, i int, raw binary, d decimal(9,2), day date, at timestamp, list array<int>, map map<string,int>, nested struct<a:int,b:string>"
        cls.df = cls.spark.createDataFrame(rows, kinds).selectExpr("*", "CAST(raw AS STRING) AS text").repartition(PARTITIONS, "i")

    @classmethod
    def tearDownClass(cls):
        cls.spark.stop()

    def test_rows(self):
        scored = score.score(self.df, ["text"], probabilities=True, binary=self.counting)
        # Python cannot hold a string that is no UTF-8.
        rows = scored.drop("text").collect()
        with open(os.path.join(self.dir, "starts")) as f:
            self.assertEqual(f.read().split(), ["1"] * PARTITIONS, "processes, by their GOMAXPROCS")

        self.assertEqual(scored.columns[: len(self.df.columns)], self.df.columns)
        kept = self.df.drop("text").columns
        before = {row.i: row for row in self.df.drop("text").collect()}
        self.assertEqual(len(rows), ROWS)
        lines = []
        for i, text in enumerate(texts()):
            quoted = "null" if text is None else json.dumps(text.decode("utf-8", "surrogateescape"), ensure_ascii=False)
            lines.append(f'{{"text":{quoted}}}\n'.encode("utf-8", "surrogateescape"))
        want = direct(lines, "--probabilities")
        errors = 0
        for row in rows:
            self.assertEqual([row[name] for name in kept], [before[row.i][name] for name in kept])
            for name in [*score.RESULT, *score.PROBABILITIES]:
                if name != "predicted_at":
                    self.assertEqual(row[name], want[row.i].get(name), (name, row.i))
            age = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - row.predicted_at
            self.assertLess(abs(age), datetime.timedelta(minutes=10))
            errors += row.error is not None
        self.assertEqual(errors, 4)  # NULL, twice nothing, and what is no UTF-8

    def test_several_columns(self):
        df = self.spark.createDataFrame([("Image", "segmentation", "mine"), (None, "BERT", "too")], "a string, b string, tag string")
        got = score.score(df, ["a", "b"], prefix="their_").select("their_text_sha256", "their_tag", "tag")
        want = direct([b'{"text":"Image segmentation"}\n', b'{"text":"BERT"}\n'])
        self.assertEqual([tuple(row) for row in got.collect()], [(w["text_sha256"], w["tag"], mine) for w, mine in zip(want, ["mine", "too"])])

    def test_no_rows(self):
        self.assertEqual(score.score(self.df.where("false"), ["text"]).collect(), [])

    def test_a_part_is_enough(self):
        self.assertEqual(len(score.score(self.df, ["text"]).select("tag").limit(5).collect()), 5)

    def test_failures(self):
        for name, options, want in [
            ("no model", {"model": "/nowhere/model"}, "/nowhere/model"),
            ("no binary", {"binary": "/nowhere/tagifai"}, "tagifai cannot be started"),
            ("no models", {"models": "/nowhere/models", "version": "tagger@stable"}, "/nowhere/models"),
        ]:
            with self.subTest(name), self.assertRaisesRegex(Exception, want):
                score.score(self.df, ["text"], **options).select("tag").collect()
        for name, columns, want in [
            ("no column", ["title"], "there is no column 'title'; there are big, i"),
            ("no text", ["i"], "the column 'i' is int, and a text is wanted"),
        ]:
            with self.subTest(name), self.assertRaisesRegex(ValueError, want):
                score.score(self.df, columns)
        with self.assertRaisesRegex(ValueError, "there is a column 'tag' already"):
            score.score(self.df.selectExpr("*", "1 AS Tag"), ["text"])


unittest.main(argv=sys.argv[:1], verbosity=2)
