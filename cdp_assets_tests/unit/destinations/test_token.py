"""An access token is fetched once, and once more when it is refused."""

from threading import Barrier, Thread

import httpx

from cdp_assets.destinations._token import Token


def numbered() -> tuple[Token, list[str]]:
    fetched: list[str] = []

    def fetch() -> str:
        fetched.append(f"token-{len(fetched)}")
        return fetched[-1]

    return Token(fetch), fetched


def test_it_is_fetched_when_first_needed_and_kept():
    token, fetched = numbered()
    assert fetched == []
    assert [token.value(), token.value()] == ["token-0", "token-0"]
    assert fetched == ["token-0"]


def test_a_refused_request_is_made_once_more_with_a_new_token():
    token, _ = numbered()
    asked: list[str] = []

    def request(value: str) -> httpx.Response:
        asked.append(value)
        return httpx.Response(200 if value == "token-1" else 401)

    assert token.answer(request).status_code == 200
    assert asked == ["token-0", "token-1"]


def test_refused_again_the_answer_is_the_refusal():
    token, fetched = numbered()
    assert token.answer(lambda _: httpx.Response(401)).status_code == 401
    assert len(fetched) == 2


def test_threads_that_are_refused_together_fetch_one_new_token():
    token, fetched = numbered()
    together = Barrier(8)

    def request(value: str) -> httpx.Response:
        if value == "token-0":
            together.wait(5)
            return httpx.Response(401)
        return httpx.Response(200)

    threads = [Thread(target=token.answer, args=(request,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fetched == ["token-0", "token-1"]
