# SPDX-License-Identifier: Apache-2.0
"""One message by each of several HTTP libraries, with whatever headers they add by themselves."""
import asyncio
import http.client
import json
import socket
import subprocess
import sys
import urllib.parse
import urllib.request

import aiohttp
import h11


def by_http_client(url, headers, body):
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    connection.request("POST", place.path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def by_http_client_chunked(url, headers, body):
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    connection.request("POST", place.path, iter([body[:10], body[10:]]), headers, encode_chunked=True)
    answer = connection.getresponse()
    return answer.status, answer.read()


def by_urllib(url, headers, body):
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
        return answer.status, answer.read()


def by_curl(url, headers, body):
    line = ["curl", "-sS", "-m", "20", "-w", "\n%{http_code}", "--data-binary", "@-", url]
    for name, value in headers.items():
        line += ["-H", f"{name}: {value}"]
    text = subprocess.run(line, input=body, capture_output=True, check=True).stdout
    answer, _, status = text.rpartition(b"\n")
    return int(status), answer


def by_curl_expect(url, headers, body):
    """curl asks for 100 Continue before large bodies."""
    return by_curl(url, {**headers, "Expect": "100-continue"}, body)


def by_aiohttp(url, headers, body):
    async def run():
        async with aiohttp.ClientSession() as session:
            async with session.post(url, data=body, headers=headers) as answer:
                return answer.status, await answer.read()
    return asyncio.run(run())


def by_h11(url, headers, body):
    place = urllib.parse.urlsplit(url)
    connection = h11.Connection(h11.CLIENT)
    with socket.create_connection((place.hostname, place.port), timeout=20) as sock:
        fields = [("Host", place.netloc), ("Content-Length", str(len(body))), *headers.items()]
        sock.sendall(connection.send(h11.Request(method="POST", target=place.path, headers=fields)))
        sock.sendall(connection.send(h11.Data(data=body)) + connection.send(h11.EndOfMessage()))
        status, answer = 0, b""
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(sock.recv(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                answer += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                # What a keep-alive client relies on: the next request may follow.
                return status, answer if connection.their_state is h11.DONE else b"not reusable"


plan = json.load(sys.stdin)
found = {}
for name, ask in list(globals().items()):
    if name.startswith("by_"):
        try:
            status, body = ask(plan["url"], plan["headers"], json.dumps(plan["message"]).encode())
            found[name[3:]] = [status, body.decode()]
        except Exception as error:
            found[name[3:]] = [0, f"{type(error).__name__}: {error}"]
print(json.dumps(found))
