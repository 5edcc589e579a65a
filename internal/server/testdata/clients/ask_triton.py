"""Asks a service by Triton's client."""

import asyncio

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as aio

from service import address, report, same, tags, texts


def inputs(module, binary):
    tensor = module.InferInput("text", [len(texts)], "BYTES")
    tensor.set_data_from_numpy(np.array([t.encode() for t in texts], dtype=object), binary_data=binary)
    return [tensor]


def outputs(module, binary):
    return [module.InferRequestedOutput(name, binary_data=binary) for name in ("predicted_tag", "probabilities")]


def explained(module):
    return [*outputs(module, True), module.InferRequestedOutput("explanation", binary_data=True)]


client = triton.InferenceServerClient(address)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("default")
assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
metadata = client.get_model_metadata("default", "stable")
assert [o["name"] for o in metadata["outputs"]] == ["predicted_tag", "probabilities", "scores", "explanation"], metadata
assert client.get_model_repository_index()[0]["name"] == "default"
for binary in (True, False):
    for asked in (None, outputs(triton, True), outputs(triton, False)):
        answer = client.infer("default", inputs(triton, binary), outputs=asked, request_id="42")
        assert answer.get_response()["id"] == "42"
        same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))
answer = client.infer("default", inputs(triton, True), request_compression_algorithm="gzip")
same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))
for algorithm in ("gzip", "deflate"):  # with explanations, which make the answer long
    answer = client.infer("default", inputs(triton, True), outputs=explained(triton), response_compression_algorithm=algorithm)
    same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))
best = client.infer("default", inputs(triton, True), outputs=[triton.InferRequestedOutput("probabilities", class_count=1)])
assert [b[0].decode().split(":")[2] for b in best.as_numpy("probabilities")] == tags
try:
    client.infer("nope", inputs(triton, True))
    raise SystemExit("there is a model nope")
except triton.InferenceServerException as wrong:
    assert "nope" in wrong.message(), wrong


async def asynchronous():
    async with aio.InferenceServerClient(address) as client:
        for binary in (True, False):
            answer = await client.infer("default", inputs(aio, binary), outputs=outputs(aio, binary))
            same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))
        answer = await client.infer("default", inputs(aio, True), outputs=explained(aio))  # which accepts gzip by itself
        same(answer.as_numpy("predicted_tag"), answer.as_numpy("probabilities"))


asyncio.run(asynchronous())
report()
