import assert from "node:assert/strict";
import test from "node:test";

import { answer } from "../build/tests/answer.js";

test("greets the world", () => {
  assert.equal(answer("/"), "Hello, world!\n");
  assert.equal(answer("/?other=1"), "Hello, world!\n");
});

test("greets by name", () => {
  assert.equal(answer("/?name=Ada"), "Hello, Ada!\n");
  assert.equal(
    answer("/?other=1&name=Gr%C3%BC%C3%9Fe+%25%2"),
    "Hello, Grüße %%2!\n",
  );
});

test("knows one path", () => {
  assert.equal(answer("/elsewhere"), null);
  assert.equal(answer("/elsewhere?name=Ada"), null);
});
