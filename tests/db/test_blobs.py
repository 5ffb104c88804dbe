"""The file store: on disk, and over S3's wire format against a small server that checks what arrives."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from db import blobs
from db.blobs import DiskBlobs, HandedOver, S3Blobs, new_key
from db.errors import NotFound, TooLarge, Unavailable
from db.settings import Settings


class Bucket:
    """Enough of S3 for one bucket: PUT, GET and DELETE; insists on a SigV4 signature without checksum trailers."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                method, target, _ = line.decode().split(" ", 2)
                headers: dict[str, str] = {}
                while (header := (await reader.readline()).decode().strip()) != "":
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                if headers.get("expect") == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, answer, more = self.answer(method, target, headers, body)
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{more}\r\n"
                writer.write(head.encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @staticmethod
    def key(target: str) -> str:
        return unquote(target.partition("?")[0]).removeprefix("/files/")

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes, str]:
        assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AK/")
        assert "x-amz-trailer" not in headers
        assert "x-amz-checksum-crc32" not in headers
        if "list-type=2" in target:
            told = "".join(
                f"<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
                for key in self.objects
            )
            return 200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{told}</ListBucketResult>".encode(), ""
        key = self.key(target)
        if method == "PUT":
            self.objects[key] = body
            return 200, b"", 'ETag: "x"\r\n'
        if method == "DELETE":
            self.objects.pop(key, None)
            return 204, b"", ""
        if key not in self.objects:
            return 404, b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>", "Content-Type: application/xml\r\n"
        if asked := headers.get("range"):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            return 206, self.objects[key][int(first) : int(last) + 1 if last else None], ""
        return 200, self.objects[key], ""


async def pieces(content: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@pytest.fixture(scope="module")
def amazon() -> Iterator[Settings]:
    """moto's S3 with a bucket."""
    from moto.server import ThreadedMotoServer  # here: it takes seconds to load, and every process collects this file

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = Settings(
        s3_bucket="files",
        s3_endpoint_url=f"http://{host}:{port}",
        s3_region="us-east-1",
        s3_access_key_id="AK",
        s3_secret_access_key="secret",
    )
    httpx.put(f"{settings.s3_endpoint_url}/files", trust_env=False).raise_for_status()
    yield settings
    server.stop()


@pytest.fixture
async def bucket(amazon: Settings) -> AsyncIterator[S3Blobs]:
    made = S3Blobs(amazon)
    yield made
    await made.close()


@pytest.fixture(params=["disk", "s3", "moto"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[blobs.Blobs]:
    before = blobs._store
    if request.param == "disk":
        yield blobs.connect(Settings(data_dir=tmp_path))
    elif request.param == "moto":
        made = blobs.connect(request.getfixturevalue("amazon"))
        async for key, _ in made.stored():
            await made.delete(key)
        yield made
        await blobs.close()
    else:
        server = await asyncio.start_server(Bucket().serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        yield blobs.connect(
            Settings(
                s3_bucket="files",
                s3_endpoint_url=f"http://127.0.0.1:{port}",
                s3_access_key_id="AK",
                s3_secret_access_key="secret",
            )
        )
        await blobs.close()
        server.close()
    blobs._store = before


async def content(store: blobs.Blobs, key: str) -> bytes:
    return b"".join([piece async for piece in store.get(key)])


@pytest.mark.parametrize("size", [0, 10, 9 << 20])
async def test_what_is_put_is_got_and_deleted(store: blobs.Blobs, size: int) -> None:
    key = new_key(uuid4(), ".CSV")
    assert key.endswith(".csv")
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert await store.put(key, pieces(data), most=size) == size
    assert await content(store, key) == data
    async with blobs.local(key) as path:
        assert path.read_bytes() == data
    await store.delete(key)
    await store.delete(key)
    with pytest.raises(NotFound):
        await content(store, key)
    with pytest.raises(NotFound):
        async with blobs.local(key):
            pass


async def test_a_part_is_got_by_itself(store: blobs.Blobs) -> None:
    key = new_key(uuid4())
    data = bytes(range(256)) * 8192
    await store.put(key, pieces(data), most=len(data))
    for first, last in ((0, 0), (10, 19), (1_500_000, 1_600_000), (2_000_000, None)):
        part = b"".join([piece async for piece in store.get(key, first, last)])
        assert part == data[first : None if last is None else last + 1]


async def test_a_signed_address_of_the_bucket_shows_the_file_for_a_time(bucket: S3Blobs) -> None:
    key, shown = new_key(uuid4()), HandedOver("image/png", 'inline; filename="a.png"')
    await bucket.put(key, pieces(b"x" * 10), most=10, handed_over=shown)
    url = await bucket.link(key, 300)
    assert url is not None
    assert "X-Amz-Expires=300" in url
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(url, headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"xxx")
    assert (answer.headers["content-type"], answer.headers["content-disposition"]) == shown
    plain = new_key(uuid4())
    await bucket.put(plain, pieces(b"<svg/>"), most=10)
    url = await bucket.link(plain, 300)
    assert url is not None
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(url)
    assert (answer.headers["content-type"], answer.headers["content-disposition"]) == HandedOver()


async def test_cloudfront_signs_addresses_by_its_own_key(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = tmp_path / "key.pem"
    pem.write_bytes(key.private_bytes(*form))
    for given in (str(pem), pem.read_text()):
        settings = Settings(
            s3_bucket="files", cloudfront_url="https://d1.example.test/", cloudfront_key_id="K1", cloudfront_private_key=given
        )
        url = urlsplit(await S3Blobs(settings).link("acc/1/a", 300) or "")
        query = dict(parse_qsl(url.query))
        assert (url.scheme, url.netloc, url.path, query["Key-Pair-Id"]) == ("https", "d1.example.test", "/acc/1/a", "K1")
        assert 290 <= int(query["Expires"]) - time.time() <= 301
        policy = (
            '{"Statement":[{"Resource":"https://d1.example.test/acc/1/a","Condition":{"DateLessThan":{"AWS:EpochTime":'
            f"{query['Expires']}}}}}}}]}}"
        )
        signature = base64.b64decode(query["Signature"].replace("-", "+").replace("_", "=").replace("~", "/"))
        key.public_key().verify(signature, policy.encode(), padding.PKCS1v15(), hashes.SHA1())


async def test_the_disk_has_no_addresses_of_its_own(tmp_path: Path) -> None:
    assert await DiskBlobs(tmp_path).link("acc/x", 300) is None


async def test_every_file_is_listed_with_its_age(store: blobs.Blobs) -> None:
    keys = sorted(new_key(uuid4(), ".csv") for _ in range(3))
    for key in keys:
        await store.put(key, pieces(b"x"), most=1)
    found = [item async for item in store.stored()]
    assert sorted(key for key, _ in found) == keys
    assert all(stored_at.tzinfo is not None for _, stored_at in found)


async def test_too_much_leaves_nothing_behind(store: blobs.Blobs) -> None:
    key = new_key(uuid4())
    with pytest.raises(TooLarge):
        await store.put(key, pieces(b"x" * 100), most=99)
    with pytest.raises(NotFound):
        await content(store, key)


async def test_no_key_leads_out_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        DiskBlobs(tmp_path / "blobs").path("../secret")


async def test_a_store_that_does_not_answer_is_unavailable() -> None:
    dead = S3Blobs(
        Settings(s3_bucket="files", s3_endpoint_url="http://127.0.0.1:9", s3_access_key_id="AK", s3_secret_access_key="secret")
    )
    with pytest.raises(Unavailable):
        await dead.put("acc/x", pieces(b"x"), most=10)
    await dead.close()


def test_only_plain_extensions_are_kept() -> None:
    assert "/" not in new_key(uuid4(), "./../x").rsplit("/", 1)[1]
    assert new_key(uuid4(), ".tar gz")[-1] != "z"
