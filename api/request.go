package api

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"muster/api/access"
	"muster/lookup"
)

// request is what is known of a request beside what it asks.
type request struct {
	id     string
	holder atomic.Pointer[access.Holder] // who asks, once that is known
	long   atomic.Bool                   // whether the answer goes on for as long as its client wants
}

type requestKey struct{}

func requestFrom(ctx context.Context) *request {
	one, _ := ctx.Value(requestKey{}).(*request)
	return one
}

// requestOf returns the id of the request of a context, "" for none.
func requestOf(ctx context.Context) string {
	if one := requestFrom(ctx); one != nil {
		return one.id
	}
	return ""
}

// note remembers who asks, for the log.
func note(ctx context.Context, holder *access.Holder) {
	if one := requestFrom(ctx); one != nil && holder != nil {
		one.holder.Store(holder)
	}
}

// requestHeader is where the id of a request stands. A proxy may have given it
// one already.
const requestHeader = "X-Request-Id"

var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func newRequestID(r *http.Request) string {
	if id := r.Header.Get(requestHeader); id != "" && requestID.MatchString(id) {
		return id
	}
	var random [8]byte
	binary.BigEndian.PutUint64(random[:], rand.Uint64()) // nothing depends on that nobody guesses it
	return hex.EncodeToString(random[:])
}

// answer counts what is written, and knows the status.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// logged gives each request an id, logs it once it is answered, and answers
// what panics.
//
// The log has the pattern of the path and not the path, as that holds ids of
// customers.
func logged(log *zap.Logger, observer *Observer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, one, a := time.Now(), &request{id: newRequestID(r)}, &answer{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, one))
		w.Header()[requestHeader] = []string{one.id}
		defer func() {
			trouble := recover()
			if trouble != nil {
				log.Error("answering a request failed", zap.String("request", one.id), zap.Any("panic", trouble), zap.ByteString("stack", debug.Stack()))
			}
			broken := trouble != nil && a.status != 0
			if trouble != nil && !broken {
				problem(http.StatusInternalServerError, remedies[http.StatusInternalServerError], "Answering failed.").write(a, r)
			}
			took := time.Since(began)
			observer.answered(r, one, a, took)
			if line := log.Check(zap.InfoLevel, "request"); line != nil { // of many a second only some are written
				line.Write(fieldsOf(r, one, a, took)...)
			}
			if broken {
				panic(http.ErrAbortHandler) // a part must not look like the whole
			}
		}()
		next.ServeHTTP(a, r)
	})
}

// fieldsOf is what the log says of a request.
func fieldsOf(r *http.Request, one *request, a *answer, took time.Duration) []zap.Field {
	token := ""
	if holder := one.holder.Load(); holder != nil {
		token = holder.Name
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return []zap.Field{
		zap.String("request", one.id), zap.String("route", r.Pattern), zap.String("method", r.Method), zap.Int("status", a.status),
		zap.Int64("bytes", a.bytes), zap.Duration("took", took), zap.String("token", token), zap.String("from", host),
	}
}

// audited logs who has changed what. It is one line for each write that was
// let in, whatever came of it; which is told by the status. The id of a
// customer does not stand there, but the digest that Redis keeps of those who
// were erased: who knows the id can find the line.
func audited(log *zap.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, a := time.Now(), &answer{ResponseWriter: w}
		defer func() {
			fields := append(fieldsOf(r, requestFrom(r.Context()), a, time.Since(began)), zap.String("path", auditedPath(r)))
			log.Info("audit", fields...)
		}()
		next.ServeHTTP(a, r)
	})
}

// auditedPath is the path of a request as the log may have it.
func auditedPath(r *http.Request) string {
	const customers = "/v1/profiles/{id}"
	_, path, _ := strings.Cut(r.Pattern, " ")
	if !strings.HasPrefix(path, customers) {
		return r.URL.EscapedPath()
	}
	return strings.Replace(path, "{id}", "sha256:"+lookup.ErasureRef(r.PathValue("id"), ""), 1)
}
