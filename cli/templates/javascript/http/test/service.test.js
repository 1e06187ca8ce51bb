import assert from "node:assert/strict";
import { test } from "node:test";
import { answer } from "../src/service.js";

test("the root greets", () => {
  assert.deepEqual(answer("/"), { status: 200, body: "Hello, world!\n" });
  assert.deepEqual(answer("/?name=Ada+%26+Bob"), {
    status: 200,
    body: "Hello, Ada & Bob!\n",
  });
});

test("any other path is not found", () => {
  assert.equal(answer("/admin").status, 404);
});
