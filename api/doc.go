// Package api serves what a deployment keeps, and what is asked of it, over
// HTTP, under /v1.
//
// It promises that nothing but /healthz and /readyz is answered without a
// token, unless api.insecure is set; that every answer that is no success is a
// problem of RFC 9457 and says what to do; that openapi.json, which a test
// keeps, tells all that it takes and gives; and that no request, however large
// or slow, takes more than the bounds that stand beside the code which keeps
// them.
//
// It reads through small interfaces that it declares. It knows neither Redis
// nor Kafka.
//
// The trap: the server's times to read and to write are those of short
// answers. A handler that goes on for long has to move its deadlines itself,
// as stream does, or the connection is cut under it.
package api
