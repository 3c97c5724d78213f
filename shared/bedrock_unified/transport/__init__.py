"""The only rooms that open sockets: urllib3 for synchronous calls, aiohttp for asynchronous ones."""
