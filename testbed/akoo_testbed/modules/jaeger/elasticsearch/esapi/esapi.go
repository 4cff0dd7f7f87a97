// Package esapi has the calls of Elasticsearch 8 that Jaeger makes; nothing can make one, since
// there is no client.
package esapi

import (
	"io"
	"net/http"
)

// Response is the answer to a call.
type Response struct {
	StatusCode int
}

func (r *Response) String() string {
	return http.StatusText(r.StatusCode)
}

// Indices has the calls about indices.
type Indices struct {
	PutIndexTemplate func(name string, body io.Reader) (*Response, error)
}
