export interface Answer {
  status: number;
  body: string;
}

/** The status and the body that answer a request for `target`, a path with its query. */
export function answer(target: string): Answer {
  const [path, query = ""] = target.split("?", 2);
  if (path !== "/") return { status: 404, body: "Not found\n" };
  return {
    status: 200,
    body: `Hello, ${parameter(query, "name") ?? "world"}!\n`,
  };
}

function parameter(query: string, wanted: string): string | undefined {
  for (const pair of query.split("&")) {
    const [name, value = ""] = pair.split("=", 2).map(decoded);
    if (name === wanted && value !== "") return value;
  }
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    // A lone `%` is taken as it is.
    return text;
  }
}
