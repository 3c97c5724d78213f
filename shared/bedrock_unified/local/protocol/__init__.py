"""The wire as a server sees it: routes, signatures, parameters, event-stream frames."""
