"""The stand-in for a provider, run as a script: that is how end-to-end tests of the program use it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import openai_server


def test_as_a_script_it_prints_its_port_and_answers(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"text": "hello there", "chunk_chars": 5}]))
    with subprocess.Popen(
        [sys.executable, openai_server.__file__, "--script", script], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", data=b"{}")
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(request, timeout=10) as response:
                lines = response.read().decode().split("\n\n")
        finally:
            process.terminate()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    text = "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"])
    assert text == "hello there"
    assert events[-1]["usage"]["total_tokens"] == 30
    assert lines[-2] == "data: [DONE]"
