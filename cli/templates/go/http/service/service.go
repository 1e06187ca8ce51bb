// Package service answers HTTP requests, with net/http and nothing of Wasm.
package service

import (
	"fmt"
	"net/http"
)

// Handler answers every request.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", greet)
	return mux
}

// greet greets whoever the query names.
func greet(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == "" {
		name = "world"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "Hello, %s!\n", name)
}
