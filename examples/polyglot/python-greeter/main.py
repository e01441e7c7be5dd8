"""A greeter: a method, a route, a route for bodies of any size, a middleware, and a count that survives a swap."""

import hashlib
import json
import threading

from hotswap_plugin import CHUNK, STATE_CHUNK, log, messages, plugin_error, serve, stubs, unknown_method

GREET, HELLO, UPPER, STAMP = 1, 2, 3, 4


class Greeter(stubs.PluginServicer):
    def __init__(self):
        self._greeting = "Hello"
        self._count = 0
        self._lock = threading.Lock()

    def Initialize(self, request, context):
        self._greeting = json.loads(request.config)["greeting"]
        log("info", "greeter initialised", greeting=self._greeting, isolation=request.isolation)
        return messages.InitializeResponse(
            registrations=[
                messages.Registration(id=GREET, method=messages.Method(name="greet")),
                messages.Registration(id=HELLO, route=messages.Route(method="GET", path="/hello/:name")),
                messages.Registration(id=UPPER, route=messages.Route(method="POST", path="/upper", streams=True)),
                messages.Registration(id=STAMP, middleware=messages.Middleware(paths=["/hello/*"])),
            ],
            state=messages.StateTraits(version=1),
        )

    def Handle(self, request, context):
        if request.registration == GREET:
            name = json.loads(request.json)["name"] if request.json else ""
            if name == "":
                error = plugin_error("a greeting needs a name", "GREETING_NAME_MISSING", "invalid")
                return messages.HandleResponse(error=error)
            return messages.HandleResponse(json=json.dumps(self._greet(name)).encode())
        if request.registration == HELLO:
            body = self._greet(request.http.params["name"])["text"].encode()
            header = messages.Header(name="content-type", value="text/plain; charset=utf-8")
            return messages.HandleResponse(http=messages.HttpResponse(status=200, headers=[header], body=body))
        return messages.HandleResponse(error=unknown_method(request.registration))

    def HandleStream(self, frames, context):
        called = next(frames).open
        if called.registration == UPPER:
            yield from self._upper(frames)
        elif called.registration == STAMP:
            yield from self._stamp(called, frames)
        else:
            yield messages.AnswerFrame(error=unknown_method(called.registration))

    def ExportState(self, request, context):
        data = json.dumps({"count": self._count}).encode()
        yield messages.StateChunk(schema_version=1, data=data[:STATE_CHUNK])
        for at in range(STATE_CHUNK, len(data), STATE_CHUNK):
            yield messages.StateChunk(data=data[at : at + STATE_CHUNK])

    def ImportState(self, chunks, context):
        first = next(chunks)
        data = first.data + b"".join(chunk.data for chunk in chunks)
        count = json.loads(data)["count"]
        if not first.rehearse:
            self._count = count
        return messages.ImportStateResponse(returns=True)

    def Shutdown(self, request, context):
        log("info", "greeter ends", reason=request.reason, count=self._count)
        return messages.ShutdownResponse()

    def _greet(self, name):
        with self._lock:
            self._count += 1
            return {"text": f"{self._greeting}, {name}!", "count": self._count}

    def _upper(self, frames):
        """Answers while the request still arrives: neither is ever held as a whole."""
        yield messages.AnswerFrame(head=messages.HttpResponse(status=200))
        for frame in frames:
            if frame.WhichOneof("frame") == "end":
                return
            for at in range(0, len(frame.chunk), CHUNK):
                yield messages.AnswerFrame(chunk=frame.chunk[at : at + CHUNK].upper())

    def _stamp(self, called, frames):
        """Lets requests through, and adds a header field to what comes back."""
        if "x-unwelcome" in {header.name.lower() for header in called.http.headers}:
            empty = messages.Header(name="content-length", value="0")
            yield messages.AnswerFrame(head=messages.HttpResponse(status=403, headers=[empty]))
            return
        yield messages.AnswerFrame(next=messages.Next(unchanged=True))
        answered = next(frames).answered
        stamp = hashlib.sha256(called.http.url.encode()).hexdigest()[:8]
        headers = [*answered.headers, messages.Header(name="x-python", value=stamp)]
        yield messages.AnswerFrame(**{"pass": messages.HttpResponse(status=answered.status, headers=headers)})


if __name__ == "__main__":
    serve(Greeter())
