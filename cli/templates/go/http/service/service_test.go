package service

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHandler(t *testing.T) {
	for _, test := range []struct {
		target string
		status int
		body   string
	}{
		{"/", http.StatusOK, "Hello, world!\n"},
		{"/?name=Ada", http.StatusOK, "Hello, Ada!\n"},
		{"/elsewhere", http.StatusNotFound, "404 page not found\n"},
	} {
		answer := httptest.NewRecorder()
		Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, test.target, nil))
		if answer.Code != test.status || answer.Body.String() != test.body {
			t.Errorf("GET %s = %d %q, want %d %q", test.target, answer.Code, answer.Body, test.status, test.body)
		}
	}
}
