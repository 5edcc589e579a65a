"""Asks a service by `mlserver infer`, and with requests of MLServer's codecs."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from mlserver.codecs import NumpyCodec, PandasCodec, StringCodec, StringRequestCodec
from mlserver.types import InferenceResponse

from service import address, post, report, same, texts

frame = pd.DataFrame({"n": range(len(texts)), "text": texts})
requests = [
    StringRequestCodec.encode_request(texts),
    PandasCodec.encode_request(frame[["text"]]),  # content_type: pd
    PandasCodec.encode_request(frame),
]
for request in requests:
    status, answer = post("/v2/models/default/infer", request.model_dump_json())
    assert status == 200, answer
    tag, probability = InferenceResponse(**answer).outputs
    same(StringCodec.decode_output(tag), NumpyCodec.decode_output(probability))

with tempfile.TemporaryDirectory() as work:
    asked, answered = Path(work, "asked.txt"), Path(work, "answered.txt")
    asked.write_text("".join(r.model_dump_json() + "\n" for r in requests))
    mlserver = Path(sys.executable).with_name("mlserver")
    subprocess.run([mlserver, "infer", "-u", address, "-m", "default", "-i", asked, "-o", answered, "--workers", "1"], check=True, capture_output=True)
    lines = answered.read_text().splitlines()
    assert len(lines) == len(requests), lines
    for line in lines:
        tag, probability = InferenceResponse(**json.loads(line)).outputs
        same(StringCodec.decode_output(tag), NumpyCodec.decode_output(probability))
report()
