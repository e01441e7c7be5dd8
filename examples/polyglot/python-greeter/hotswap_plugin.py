"""What every plugin in Python needs: the handshake, the token or mTLS, health, and an end when its host ends.

Copy this file and `generated/` into a plugin of your own, write a servicer, and call serve().
"""

import base64
import datetime
import hmac
import json
import os
import signal
import sys
import threading
from concurrent import futures
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "generated"))

import grpc  # noqa: E402
import health_pb2  # noqa: E402
import health_pb2_grpc  # noqa: E402
from go_plugin import plugin_pb2 as go_plugin_pb2  # noqa: E402
from go_plugin import plugin_pb2_grpc as go_plugin_pb2_grpc  # noqa: E402
from hotswap.plugin.v1 import plugin_pb2 as messages  # noqa: E402
from hotswap.plugin.v1 import plugin_pb2_grpc as stubs  # noqa: E402

COOKIE = ("HOTSWAP_PLUGIN", "c3f1a5d2-hotswap-plugin")
LARGEST_MESSAGE = 4 * 1024 * 1024
CHUNK = 64 * 1024
STATE_CHUNK = 1024 * 1024


def log(level, message, **fields):
    """Writes an entry into the host's log."""
    print(json.dumps({"@level": level, "@message": message, **fields}), file=sys.stderr, flush=True)


def plugin_error(message, code="", kind=""):
    """An answer that stands for a failure; `code` is AREA_REASON, for callers that tell failures apart."""
    return messages.Error(code=code, kind=kind, message=message)


def unknown_method(registration):
    """The answer to a call of something that was never registered."""
    return plugin_error(f"there is no registration {registration}", "METHOD_UNKNOWN", "not-found")


def serve(servicer, workers=16):
    """Serves until the host says Shutdown, or is gone."""
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.exit("This program is a plugin: a HotSwap host starts it. See README.md.")
    if "1" not in os.environ.get("PLUGIN_PROTOCOL_VERSIONS", "1").split(","):
        sys.exit("This plugin speaks version 1 of plugin.proto, and its host does not.")
    ended = threading.Event()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=workers),
        interceptors=[_TokenCheck(os.environ.get("HOTSWAP_PLUGIN_TOKEN"))],
        options=[("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.so_reuseport", 0)],
    )
    stubs.add_PluginServicer_to_server(servicer, server)
    health_pb2_grpc.add_HealthServicer_to_server(_Health(), server)
    go_plugin_pb2_grpc.add_GRPCControllerServicer_to_server(_Controller(ended), server)
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"plugin-{os.getpid()}.sock")
    os.umask(0o177)
    credentials, certificate = _mtls(os.environ.get("PLUGIN_CLIENT_CERT"))
    if credentials is None:
        server.add_insecure_port(f"unix:{path}")
    else:
        server.add_secure_port(f"unix:{path}", credentials)
    os.umask(0o077)
    server.start()
    _end_with_host(ended)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print(f"1|1|unix|{path}|grpc|{certificate}", flush=True)
    ended.wait()
    server.stop(grace=1).wait()
    if os.path.exists(path):
        os.remove(path)


class _TokenCheck(grpc.ServerInterceptor):
    """Refuses calls of anybody but the host that started this process."""

    def __init__(self, token):
        self._token = token
        self._refusal = grpc.unary_unary_rpc_method_handler(self._refuse)

    def intercept_service(self, continuation, details):
        given = dict(details.invocation_metadata).get("hotswap-token", "")
        if self._token is None or hmac.compare_digest(given, self._token):
            return continuation(details)
        return self._refusal

    @staticmethod
    def _refuse(_request, context):
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "the metadata hotswap-token is missing or wrong")


class _Health(health_pb2_grpc.HealthServicer):
    def Check(self, request, context):
        if request.service not in ("", "plugin"):
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no service {request.service}")
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


class _Controller(go_plugin_pb2_grpc.GRPCControllerServicer):
    def __init__(self, ended):
        self._ended = ended

    def Shutdown(self, request, context):
        self._ended.set()
        return go_plugin_pb2.Empty()


def _mtls(client_certificate):
    """Credentials that take that one client, and this process's certificate for the handshake."""
    if not client_certificate:
        return None, ""
    # Debian: apt install python3-cryptography
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.utcnow()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    credentials = grpc.ssl_server_credentials(
        [(private, certificate.public_bytes(serialization.Encoding.PEM))],
        root_certificates=client_certificate.encode(),
        require_client_auth=True,
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    return credentials, base64.b64encode(der).decode().rstrip("=")


def _end_with_host(ended):
    """HotSwap holds this process's standard input open for as long as it lives. A host of go-plugin passes its own on,
    which says nothing: there the end of the parent does."""
    parent = os.getppid()
    is_hotswap = "HOTSWAP_PLUGIN_TOKEN" in os.environ

    def watch_input():
        while os.read(0, 4096):
            pass
        ended.set()

    def watch_parent():
        while not ended.wait(1):
            if os.getppid() != parent:
                ended.set()

    has_pipe = is_hotswap and not os.path.samestat(os.fstat(0), os.stat(os.devnull))
    threading.Thread(target=watch_input if has_pipe else watch_parent, daemon=True).start()
