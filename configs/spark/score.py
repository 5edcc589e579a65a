"""Tag the rows of a Spark DataFrame with tagifai: one process for each partition.

    spark-submit --files bin/tagifai configs/spark/score.py \\
        --from projects.parquet --to tagged.parquet --text title,description

or, from a notebook:

    spark.sparkContext.addFile("bin/tagifai")
    spark.sparkContext.addPyFile("configs/spark/score.py")
    from score import score
    tagged = score(spark.table("projects"), ["title", "description"])

Every row comes back with its columns as they were and with those of RESULT. A row that
cannot be tagged has an error in place of a tag. If tagifai itself fails, so does the
task, with what tagifai said. Needs Spark 3.3 or newer, and pyarrow.
"""

import argparse
import collections
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading

import pyarrow
import pyarrow.json
from pyspark import SparkFiles, TaskContext
from pyspark.sql import SparkSession
from pyspark.sql.types import DoubleType, MapType, StringType, StructType, TimestampType

# The columns of a result, and what they are to Spark and to Arrow.
RESULT = {
    "tag": (StringType(), pyarrow.string()),
    "probability": (DoubleType(), pyarrow.float64()),
    "model": (StringType(), pyarrow.string()),
    "version": (StringType(), pyarrow.string()),
    "checksum": (StringType(), pyarrow.string()),
    "text_sha256": (StringType(), pyarrow.string()),
    "predicted_at": (TimestampType(), pyarrow.timestamp("us", tz="UTC")),
    "error": (StringType(), pyarrow.string()),
}
PROBABILITIES = {"probabilities": (MapType(StringType(), DoubleType()), pyarrow.map_(pyarrow.string(), pyarrow.float64()))}


def score(df, text, *, model=None, models=None, version=None, probabilities=False, prefix="", binary="tagifai"):
    """Return df with the columns of RESULT, and with probabilities if they are wanted.

    text       the columns of the text, which are joined by a space
    model      an artifact directory; the model inside tagifai if left out
    models     a directory of models; version is then NAME@ALIAS or NAME:VERSION
    prefix     goes before the names of the new columns
    binary     tagifai: a file that Spark sends (--files, addFile), a path, or a name on PATH

    A directory has to be on all executors, or be sent: --archives model.tar.gz#model
    and model="model".
    """
    result = dict(RESULT, **(PROBABILITIES if probabilities else {}))
    types = dict(df.dtypes)
    for name in text:
        if name not in types:
            raise ValueError(f"there is no column {name!r}; there are {', '.join(df.columns)}")
        if df.columns.count(name) > 1:
            raise ValueError(f"there are several columns {name!r}")
        if types[name] != "string":
            raise ValueError(f"the column {name!r} is {types[name]}, and a text is wanted")
    present = {name.lower() for name in types}
    taken = [prefix + name for name in result if (prefix + name).lower() in present]
    if taken:
        raise ValueError(f"there is a column {taken[0]!r} already; give a prefix for the new ones")
    schema = StructType(df.schema.fields[:])
    for name, (kind, _) in result.items():
        schema = schema.add(prefix + name, kind)

    arguments = ["--from=-", "--from-format=jsonl", "--to=-", "--to-format=jsonl"]
    arguments.append("--text=" + ",".join(str(i) for i in range(len(text))))
    if probabilities:
        arguments.append("--probabilities")

    def score_partition(batches):
        command = [_sent(binary), "batch", *arguments]
        if model is not None:
            command.append("--model=" + _sent(model))
        if models is not None:
            command += ["--models=" + _sent(models), version or ""]
        for batch, answers in _converse(command, batches, lambda batch: _lines(batch, text)):
            columns = batch.columns + _columns(answers, result)
            yield pyarrow.RecordBatch.from_arrays(columns, names=schema.names)

    return df.mapInArrow(score_partition, schema)


def _sent(name):
    """Return where Spark has put the file that it was sent, or the name as it is."""
    path = SparkFiles.get(name)
    return path if os.path.exists(path) else name


def _lines(batch, text):
    """Return the texts of a batch as lines of JSON, and bytes that are no UTF-8 as they are."""
    columns = [batch.column(batch.schema.get_field_index(name)).cast(pyarrow.binary()).to_pylist() for name in text]
    lines = []
    for values in zip(*columns):
        values = [None if value is None else value.decode("utf-8", "surrogateescape") for value in values]
        row = {str(i): value for i, value in enumerate(values)}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def _columns(answers, result):
    """Return the columns of a result from lines of JSON."""
    data = b"".join(answers)
    schema = pyarrow.schema([(name, kind) for name, (_, kind) in result.items() if name not in PROBABILITIES])
    table = pyarrow.json.read_json(
        pyarrow.BufferReader(data),
        read_options=pyarrow.json.ReadOptions(block_size=len(data) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    ).combine_chunks()
    columns = {name: table.column(name).chunk(0) for name in schema.names}
    for name in result.keys() & PROBABILITIES.keys():
        objects = [json.loads(answer).get(name) for answer in answers]
        columns[name] = pyarrow.array([o and list(o.items()) for o in objects], PROBABILITIES[name][1])
    return [columns[name] for name in result]


def _converse(command, batches, lines):
    """Yield each batch with the answers to its lines, which come in the same order.

    A thread takes the answers as they come, so that tagifai never waits for us while we
    wait for it. It reads on behind the batch that it answers, so the last answers come
    after the end of its input.
    """
    # Spark runs as many tasks as there are processors, and each has a process.
    context = TaskContext.get()
    environment = dict(os.environ, GOMAXPROCS=str(context.cpus() if context else 1))
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
            )
        except OSError as e:
            raise RuntimeError(f"tagifai cannot be started; send it by --files or give its path: {e}") from e

        def failure():
            code = process.wait()
            log.seek(0)
            said = log.read().decode("utf-8", "replace").strip()
            return RuntimeError(f"{' '.join(command[:2])} ended with exit code {code}: {said}")

        came = queue.SimpleQueue()

        def take():
            for line in process.stdout:
                came.put(line)
            came.put(None)

        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        waiting, answers = collections.deque(), []

        def answered(wait):
            while waiting:
                while len(answers) < waiting[0].num_rows:
                    try:
                        answer = came.get(block=wait)
                    except queue.Empty:
                        return
                    if answer is None:
                        raise failure()
                    answers.append(answer)
                yield waiting.popleft(), answers[:]
                answers.clear()

        try:
            for batch in batches:
                if batch.num_rows == 0:
                    continue
                try:
                    process.stdin.write(lines(batch))
                    process.stdin.flush()
                except BrokenPipeError:
                    raise failure() from None
                waiting.append(batch)
                yield from answered(wait=False)
            process.stdin.close()
            yield from answered(wait=True)
            if process.wait() != 0:
                raise failure()
        finally:
            process.kill()
            process.wait()
            taker.join()
            with contextlib.suppress(BrokenPipeError):  # of what it has not taken
                process.stdin.close()
            log.seek(0)
            sys.stderr.write(log.read().decode("utf-8", "replace"))


def main():
    parser = argparse.ArgumentParser(description="Tag the rows of a table with tagifai.")
    parser.add_argument("--from", dest="source", required=True, metavar="PATH", help="the table")
    parser.add_argument("--to", required=True, metavar="PATH", help="the table with tags; must not exist")
    parser.add_argument("--format", default="parquet", help="of both: parquet, orc, json, csv, … (%(default)s)")
    parser.add_argument("--text", default="text", metavar="COLUMN,…", help="columns of the text (%(default)s)")
    parser.add_argument("--model", metavar="DIR", help="artifact directory; the model inside tagifai if left out")
    parser.add_argument("--models", metavar="DIR", help="directory of models, of which --version names one")
    parser.add_argument("--version", metavar="NAME@ALIAS|NAME:VERSION")
    parser.add_argument("--probabilities", action="store_true", help="add the probability of every class")
    parser.add_argument("--prefix", default="", help="goes before the names of the new columns")
    parser.add_argument("--binary", default="tagifai", help="tagifai, sent by --files, on PATH or a path (%(default)s)")
    a = parser.parse_args()

    spark = SparkSession.builder.appName("tagifai").getOrCreate()
    options = {"header": True, "multiLine": True, "escape": '"'} if a.format == "csv" else {}
    df = spark.read.format(a.format).options(**options).load(a.source)
    text = [name.strip() for name in a.text.split(",")]
    try:
        df = score(df, text, model=a.model, models=a.models, version=a.version, probabilities=a.probabilities,
                   prefix=a.prefix, binary=a.binary)
    except ValueError as e:
        parser.error(str(e))
    if a.format == "csv":
        options = {"header": True, "escape": '"'}
    df.write.format(a.format).options(**options).save(a.to)


if __name__ == "__main__":
    main()
