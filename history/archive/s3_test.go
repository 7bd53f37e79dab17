package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"muster/test/kit/s3"
)

// s3Config reaches a server of a test, and does not wait long.
func s3Config(endpoint string) Config {
	c := Default()
	c.Endpoint, c.PathStyle = endpoint, true
	return c
}

// startS3 starts a server with a bucket.
func startS3(t *testing.T) (s3.Server, *s3.Bucket, Bucket) {
	t.Helper()
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	filled := s3.Make(t, server, "archive")
	b, prefix := open(t, "s3://archive", s3Config(server.Endpoint()))
	if prefix != "" || b.String() != "s3://archive" {
		t.Errorf("the bucket is %s, %q", b, prefix)
	}
	return server, filled, b
}

func TestS3ListsInOrderOfKeys(t *testing.T) {
	_, filled, b := startS3(t)
	all := slices.Clone(tree)
	random := rand.New(rand.NewPCG(3, 3))
	for i := range 1500 {
		all = append(all, fmt.Sprintf("logs/%d/%02d/%d", random.IntN(3), random.IntN(40), i))
	}
	for i := range 1100 {
		all = append(all, fmt.Sprintf("flat/%d", i))
	}
	var puts sync.WaitGroup
	for part := range slices.Chunk(all, len(all)/8+1) {
		puts.Go(func() {
			for _, key := range part {
				filled.Put(key, []byte(key))
			}
		})
	}
	puts.Wait()
	slices.Sort(all)
	for _, concurrency := range []int{1, 8} {
		b.(*s3Bucket).c.Concurrency = concurrency
		for _, prefix := range []string{"", "a", "a/", "a/b", "logs/", "logs/1/2", "flat/", "none"} {
			want := slices.DeleteFunc(slices.Clone(all), func(key string) bool { return !strings.HasPrefix(key, prefix) })
			if got := keys(list(t, b, prefix)); !slices.Equal(got, want) {
				t.Errorf("prefix %q, %d at a time: %d keys, want %d:\n%.2000q", prefix, concurrency, len(got), len(want), got)
			}
		}
	}
	for _, o := range list(t, b, "a") {
		if got := content(t, b, o); got != o.Key || o.Size != int64(len(got)) || o.Written.IsZero() {
			t.Errorf("%+v holds %q", o, got)
		}
	}
}

func TestS3ListEndsWithTheErrorOfFn(t *testing.T) {
	_, filled, b := startS3(t)
	for i := range 20 {
		filled.Put(fmt.Sprintf("%d/x", i), []byte("x"))
	}
	stop, calls := errors.New("stop"), 0
	if err := b.List(t.Context(), "", func(Object) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestS3OpensWhatWasListed(t *testing.T) {
	_, filled, b := startS3(t)
	for _, key := range []string{"same", "same size", "longer", "gone"} {
		filled.Put(key, []byte("1234"))
	}
	listed := list(t, b, "")
	filled.Put("same size", []byte("5678"))
	filled.Put("longer", []byte("12345"))
	filled.Delete("gone")
	want := map[string]error{"same": nil, "same size": ErrChanged, "longer": ErrChanged, "gone": ErrMissing}
	for _, o := range listed {
		r, err := b.Open(t.Context(), o)
		if !errors.Is(err, want[o.Key]) || err != nil && !strings.Contains(err.Error(), o.Key) {
			t.Errorf("%s: %v, want %v", o.Key, err, want[o.Key])
		}
		if err == nil {
			r.Close()
		}
	}
}

func TestS3BucketsThatAreNotThere(t *testing.T) {
	server, _, _ := startS3(t)
	b, _ := open(t, "s3://missing/logs", s3Config(server.Endpoint()))
	err := b.List(t.Context(), "logs/", func(Object) error { return nil })
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "bucket missing") {
		t.Errorf("%v", err)
	}
}

// front puts a handler before the server of a test. It may answer itself.
func front(t *testing.T, answers func(w http.ResponseWriter, r *http.Request) bool) (*s3.Bucket, Bucket) {
	t.Helper()
	fake, err := s3.StartFake()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Kill() })
	s3.SignIn(t, s3.Access, s3.Secret)
	filled := s3.Make(t, fake, "archive")
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers(w, r) {
			fake.Handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(gate.Close)
	b, _ := open(t, "s3://archive", s3Config(gate.URL))
	return filled, b
}

// refuse is an answer as S3 gives it.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("x-amz-bucket-region", "eu-north-1")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>m</Message></Error>`, code)
}

func TestS3TriesAgainWhatMayHeal(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
	}{{503, "SlowDown"}, {500, "InternalError"}, {429, "TooManyRequests"}, {502, ""}, {504, ""}} {
		var asked atomic.Int64
		filled, b := front(t, func(w http.ResponseWriter, r *http.Request) bool {
			if asked.Add(1)%3 == 0 {
				return false
			}
			refuse(w, c.status, c.code)
			return true
		})
		filled.Put("key", []byte("text"))
		if got := content(t, b, list(t, b, "")[0]); got != "text" || asked.Load() < 6 {
			t.Errorf("%d: %q after %d requests", c.status, got, asked.Load())
		}
		if got := b.(*s3Bucket).Retries(); got != asked.Load()*2/3 {
			t.Errorf("%d: %d of %d requests were sent again", c.status, got, asked.Load())
		}
	}
}

// What does not heal is believed at once, and says what to do.
func TestS3ExplainsWhatDoesNotHeal(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		is     error
		says   []string
	}{
		{403, "AccessDenied", ErrDenied, []string{"s3:GetObject", "arn:aws:s3:::archive", "kms:Decrypt"}},
		{403, "InvalidAccessKeyId", ErrDenied, []string{"AWS_ACCESS_KEY_ID"}},
		{403, "SignatureDoesNotMatch", ErrDenied, []string{"AWS_SECRET_ACCESS_KEY"}},
		{400, "ExpiredToken", ErrDenied, []string{"sign in again"}},
		{403, "RequestTimeTooSkewed", nil, []string{"clock"}},
		{403, "InvalidObjectState", ErrDenied, []string{"restore"}},
		{301, "PermanentRedirect", nil, []string{"another region, eu-north-1", "set region"}},
		{400, "AuthorizationHeaderMalformed", nil, []string{"eu-north-1"}},
		{404, "NoSuchKey", ErrMissing, nil},
		{404, "NoSuchBucket", ErrMissing, []string{"bucket archive"}},
		{412, "PreconditionFailed", ErrChanged, []string{"list the archive anew"}},
	} {
		var reading atomic.Bool
		var asked atomic.Int64
		filled, b := front(t, func(w http.ResponseWriter, r *http.Request) bool {
			if !reading.Load() {
				return false
			}
			asked.Add(1)
			refuse(w, c.status, c.code)
			return true
		})
		filled.Put("the/key", []byte("text"))
		o := list(t, b, "")[0]
		reading.Store(true)
		_, err := b.Open(t.Context(), o)
		if err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %v", c.code, err, c.is)
			continue
		}
		for _, want := range append(c.says, "the/key", "s3://archive") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not said in: %v", c.code, want, err)
			}
		}
		if asked.Load() != 1 {
			t.Errorf("%s: asked %d times", c.code, asked.Load())
		}
	}
}

func TestS3NamesThePermissionToList(t *testing.T) {
	_, b := front(t, func(w http.ResponseWriter, r *http.Request) bool { refuse(w, 403, "AccessDenied"); return true })
	err := b.List(t.Context(), "", func(Object) error { return nil })
	if !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "s3:ListBucket on arn:aws:s3:::archive:") {
		t.Errorf("%v", err)
	}
}

// A user of a real server who was given nothing.
func TestS3DeniesAStranger(t *testing.T) {
	if !s3.Real() {
		t.Skip("gofakes3 takes any credentials; MUSTER_E2E=real has versitygw")
	}
	server, filled, b := startS3(t)
	filled.Put("key", []byte("text"))
	o := list(t, b, "")[0]
	if err := server.(*s3.RealServer).AddUser(t.Context(), "stranger", "stranger-secret"); err != nil {
		t.Fatal(err)
	}
	for access, secret := range map[string]string{"stranger": "stranger-secret", s3.Access: "wrong", "nobody": "x"} {
		s3.SignIn(t, access, secret)
		b, _ := open(t, "s3://archive", s3Config(server.Endpoint()))
		if err := b.List(t.Context(), "", func(Object) error { return nil }); !errors.Is(err, ErrDenied) {
			t.Errorf("%s lists: %v", access, err)
		}
		if _, err := b.Open(t.Context(), o); !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "key") {
			t.Errorf("%s reads: %v", access, err)
		}
	}
}

// cutter ends answers early, after some bytes.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func TestS3GoesOnWhereAConnectionBroke(t *testing.T) {
	fake, err := s3.StartFake()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Kill() })
	s3.SignIn(t, s3.Access, s3.Secret)
	filled := s3.Make(t, fake, "archive")
	text := numbered(20_000)
	filled.Put("key", []byte(text))
	var ranges []string // requests come one after the other
	through := fake.Handler
	fake.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/key") {
			ranges = append(ranges, r.Header.Get("Range"))
			if r.Header.Get("If-Match") == "" {
				t.Error("no condition")
			}
			w = &cutter{w, len(text) / 5}
		}
		through.ServeHTTP(w, r)
	})
	b, _ := open(t, "s3://archive", s3Config(fake.Endpoint()))
	if got := content(t, b, list(t, b, "")[0]); got != text {
		t.Errorf("%d bytes, want %d", len(got), len(text))
	}
	if len(ranges) < 5 || ranges[0] != "" || !strings.HasPrefix(ranges[1], "bytes=") {
		t.Errorf("asked for %q", ranges)
	}
	if got := b.(*s3Bucket).Retries(); got != int64(len(ranges)-1) {
		t.Errorf("%d of %d requests were sent again", got, len(ranges))
	}
}

// A connection that gives nothing, again and again, is an error in the end,
// and none of the object.
func TestS3GivesUp(t *testing.T) {
	var reading atomic.Bool
	filled, b := front(t, func(w http.ResponseWriter, r *http.Request) bool {
		if !reading.Load() {
			return false
		}
		w.Header().Set("Content-Length", "4")
		w.Header().Set("ETag", r.Header.Get("If-Match"))
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	filled.Put("key", []byte("text"))
	o := list(t, b, "")[0]
	reading.Store(true)
	b.(*s3Bucket).c.Attempts = 2
	r, err := b.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = Read(r, "key", Format{}, func(Record) error { return nil })
	var broken *Broken
	if err == nil || errors.As(err, &broken) || !strings.Contains(err.Error(), "key") {
		t.Errorf("%v", err)
	}
}

// An object that changes between two connections is not read as one.
func TestS3SeesAChangeWhileItReads(t *testing.T) {
	var reading atomic.Bool
	text := numbered(20_000)
	var filled *s3.Bucket
	filled, b := front(t, func(w http.ResponseWriter, r *http.Request) bool {
		if !reading.Load() || r.Header.Get("Range") != "" {
			return false
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.Header().Set("ETag", r.Header.Get("If-Match"))
		_, _ = io.WriteString(w, text[:len(text)/2])
		filled.Put("key", []byte(numbered(20_001)))
		panic(http.ErrAbortHandler)
	})
	filled.Put("key", []byte(text))
	o := list(t, b, "")[0]
	reading.Store(true)
	r, err := b.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := Read(r, "key", Format{}, func(Record) error { return nil }); !errors.Is(err, ErrChanged) {
		t.Errorf("%v", err)
	}
}

// Some servers don't say how long an answer is.
func TestS3AnswersOfNoLength(t *testing.T) {
	text := numbered(20_000)
	var answer atomic.Value
	answer.Store("")
	filled, b := front(t, func(w http.ResponseWriter, r *http.Request) bool {
		part := answer.Load().(string)
		if part == "" || r.Header.Get("Range") != "" {
			return false
		}
		w.Header().Set("ETag", r.Header.Get("If-Match"))
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, part)
		return true
	})
	filled.Put("key", []byte(text))
	o := list(t, b, "")[0]
	for part, want := range map[string]error{text: nil, text[:len(text)/2]: nil, text + "more": ErrChanged} {
		answer.Store(part)
		r, err := b.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if !errors.Is(err, want) || err == nil && string(got) != text {
			t.Errorf("of %d bytes %d were read, %v; want %v", len(part), len(got), err, want)
		}
		r.Close()
	}
}

// Bytes that are not those that were stored are told, and not as a Broken: the
// object may be whole.
func TestS3ChecksSums(t *testing.T) {
	filled, b := front(t, func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("x-amz-checksum-crc32", "AAAAAA==")
		return false
	})
	filled.Put("key", []byte("{}\n"))
	r, err := b.Open(t.Context(), list(t, b, "")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var broken *Broken
	err = Read(r, "key", Format{}, func(Record) error { return nil })
	if err == nil || errors.As(err, &broken) || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("%v", err)
	}
}

func TestS3GivesUpASilentConnection(t *testing.T) {
	s3.SignIn(t, s3.Access, s3.Secret)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	c := s3Config(silent.URL)
	c.ReadTimeout, c.Attempts = 50*time.Millisecond, 2
	b, _ := open(t, "s3://archive", c)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err := b.List(ctx, "", func(Object) error { return nil })
	if err == nil || ctx.Err() != nil {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}

// A server that passes over If-Match, as gofakes3 does, is found out.
func TestS3LooksAtTheETagItself(t *testing.T) {
	filled, b := front(t, func(http.ResponseWriter, *http.Request) bool { return false })
	filled.Put("key", []byte("1234"))
	o := list(t, b, "")[0]
	filled.Put("key", []byte("5678"))
	if _, err := b.Open(t.Context(), o); !errors.Is(err, ErrChanged) {
		t.Errorf("%v", err)
	}
}

func TestS3RefusesAnotherOrder(t *testing.T) {
	const page = `<ListBucketResult><Name>archive</Name><IsTruncated>false</IsTruncated>` +
		`<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes><Contents><Key>%s</Key><Size>1</Size></Contents>` +
		`<Contents><Key>%s</Key><Size>1</Size></Contents></ListBucketResult>`
	_, b := front(t, func(w http.ResponseWriter, r *http.Request) bool {
		_, _ = fmt.Fprintf(w, page, "a/2", "a/1")
		return true
	})
	err := b.List(t.Context(), "", func(Object) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "in order of keys") {
		t.Errorf("%v", err)
	}
}

func TestS3Credentials(t *testing.T) {
	var signed atomic.Value
	signed.Store("")
	_, b := front(t, func(w http.ResponseWriter, r *http.Request) bool {
		signed.Store(r.Header.Get("Authorization"))
		return false
	})
	list(t, b, "")
	if got := signed.Load().(string); !strings.Contains(got, s3.Access) || !strings.Contains(got, s3.Region) {
		t.Errorf("signed as %q", got)
	}
	c := b.(*s3Bucket).c
	c.Anonymous, c.Region = true, "eu-west-3"
	anonymous, _ := open(t, "s3://archive", c)
	list(t, anonymous, "")
	if got := signed.Load().(string); got != "" {
		t.Errorf("anonymous, and signed as %q", got)
	}
	c.Anonymous = false
	elsewhere, _ := open(t, "s3://archive", c)
	list(t, elsewhere, "")
	if got := signed.Load().(string); !strings.Contains(got, "eu-west-3") {
		t.Errorf("signed as %q in another region", got)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	nobody, _ := open(t, "s3://archive", c)
	err := nobody.List(t.Context(), "", func(Object) error { return nil })
	if !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "AWS_PROFILE") {
		t.Errorf("without credentials: %v", err)
	}
}

func TestPausesGrowAndHaveFullJitter(t *testing.T) {
	for attempt, bound := range map[int]time.Duration{1: firstPause, 2: 2 * firstPause, 5: 16 * firstPause, 30: longestPause, 1 << 40: longestPause} {
		shortest, longest := bound, time.Duration(0)
		for range 2000 {
			p := pause(attempt)
			shortest, longest = min(shortest, p), max(longest, p)
		}
		if longest > bound || longest < bound*9/10 || shortest > bound/10 {
			t.Errorf("attempt %d: from %s to %s, want 0 to %s", attempt, shortest, longest, bound)
		}
	}
}

func TestS3PathStyle(t *testing.T) {
	s3.SignIn(t, s3.Access, s3.Secret)
	for style, want := range map[bool]string{true: "https://s3.test/archive/key?", false: "https://archive.s3.test/key?"} {
		c := s3Config("https://s3.test")
		c.PathStyle = style
		b, _ := open(t, "s3://archive", c)
		name, key := "archive", "key"
		signed, err := awss3.NewPresignClient(b.(*s3Bucket).Client).PresignGetObject(t.Context(), &awss3.GetObjectInput{Bucket: &name, Key: &key})
		if err != nil || !strings.HasPrefix(signed.URL, want) {
			t.Errorf("path style %t asks %+v, %v; want %s", style, signed, err, want)
		}
	}
}

// A server that is killed in the middle of an object and comes back is no end
// of reading it.
func TestS3OutlivesItsServer(t *testing.T) {
	server, filled, b := startS3(t)
	text := numbered(400_000)
	filled.Put("key", []byte(text))
	o := list(t, b, "")[0]
	r, err := b.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got strings.Builder
	if _, err := io.CopyN(&got, r, int64(len(text)/4)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Kill(), server.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(&got, r); err != nil || got.String() != text {
		t.Errorf("%d bytes of %d, %v", got.Len(), len(text), err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	back := make(chan error, 1)
	go func() { back <- server.Restart(t.Context()) }()
	if listed := list(t, b, ""); len(listed) != 1 {
		t.Errorf("%+v", listed)
	}
	if err := <-back; err != nil {
		t.Fatal(err)
	}
}
