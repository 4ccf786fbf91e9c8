from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from asking import Asker, new_asker
from openai_server import OpenAIServer, Reply, serve


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serve() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def asker() -> AsyncIterator[Asker]:
    """One warm worker for all tests that leave it as they found it: loading litellm takes seconds."""
    with serve() as running:
        shared = new_asker(running)
        await shared.ask(*[Reply(text="warm")] * 3)
        yield shared
        await shared.client.close()
