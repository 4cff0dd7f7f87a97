"""An event loop in a thread of its own, for what must live longer than one test's loop."""

import asyncio
import concurrent.futures
import threading
import typing
from collections.abc import Coroutine

T = typing.TypeVar("T")

CALL_SECONDS = 300.0


class LoopThread:
    """Runs coroutines on its own loop; `start` it, `stop` it."""

    def __init__(self, name: str = "testbed") -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def run(self, work: Coroutine[typing.Any, typing.Any, T], seconds: float = CALL_SECONDS) -> T:
        """Run a coroutine there and wait for it here, blocking: for code without a loop.

        When it takes longer than `seconds` it is cancelled and TimeoutError raised.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise

    async def call(self, work: Coroutine[typing.Any, typing.Any, T]) -> T:
        """Run a coroutine there and await it here, on another loop. Cancelled with its caller."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def submit(self, work: Coroutine[typing.Any, typing.Any, T]) -> "concurrent.futures.Future[T]":
        """Begin to run a coroutine there; its result, from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """Cancel what is left, end the loop and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
