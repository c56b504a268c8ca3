"""urllib3's connections end at the isolate's gateway, as those of http.client do (harness/network.py). It takes the place of urllib3's own
way out of a browser, and is called by urllib3 itself when it is imported here."""

import http.client

from urllib3 import connection, connectionpool


class GatewayHTTPConnection(connection.HTTPConnection):
    def _new_conn(self):
        http.client.HTTPConnection.connect(self)
        return self.sock

    @property
    def is_connected(self):
        return self.sock is not None


class GatewayHTTPSConnection(GatewayHTTPConnection):
    """What is said of certificates is taken and not used: the gateway checks them, always."""

    default_port = 443
    is_verified = True

    def __init__(
        self, host, port=None, *, cert_file=None, key_file=None, key_password=None, cert_reqs=None, ca_certs=None, ca_cert_dir=None,
        ca_cert_data=None, ssl_context=None, server_hostname=None, assert_hostname=None, assert_fingerprint=None,
        ssl_minimum_version=None, ssl_maximum_version=None, ssl_version=None, **options,
    ):  # fmt: skip
        super().__init__(host, port, **options)

    def set_cert(self, **_options):
        pass

    def _new_conn(self):
        http.client.HTTPSConnection.connect(self)
        return self.sock


def inject_into_urllib3():
    for module in (connection, connectionpool):
        module.HTTPConnection = GatewayHTTPConnection
        module.HTTPSConnection = GatewayHTTPSConnection
    connectionpool.HTTPConnectionPool.ConnectionCls = GatewayHTTPConnection
    connectionpool.HTTPSConnectionPool.ConnectionCls = GatewayHTTPSConnection
