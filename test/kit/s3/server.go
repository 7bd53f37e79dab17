// Package s3 starts servers that speak the protocol of S3, for tests:
// gofakes3 inside the test's process, or a real versitygw as a process of its
// own, which is built once by go install and kept in the cache folder.
//
// It promises that a server started by Start is gone when its test ends, and
// that what was stored is there after a Restart.
//
// The trap: gofakes3 takes any credentials, and answers a GET although its
// If-Match does not fit. What is about either must be tested with versitygw, or
// with a handler of the test's own.
package s3

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The credentials of the user who may do all.
const (
	Access = "muster"
	Secret = "muster-secret"
	Region = "us-east-1"
)

// patience bounds what must come to an end by itself; a first start builds.
const patience = 15 * time.Minute

// Server is one running server. Requests to it name the bucket in the path.
type Server interface {
	// Endpoint returns the http://host:port. It stays the same through a
	// Restart.
	Endpoint() string
	// Kill ends the server at once, as a crash would.
	Kill() error
	// Restart starts the server again, after Kill, with what it had stored,
	// and returns when it answers.
	Restart(ctx context.Context) error
	// release gives up the port of a server that will not be started again.
	release()
}

// Real reports whether Start starts a real server: whether the environment
// says MUSTER_E2E=real.
func Real() bool { return os.Getenv("MUSTER_E2E") == "real" }

// Start starts the server that MUSTER_E2E asks for, empty, and ends it with
// the test.
func Start(t testing.TB) Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var s Server
	var err error
	if Real() {
		s, err = StartReal(ctx, t.TempDir())
	} else {
		s, err = StartFake()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Kill()
		s.release()
	})
	return s
}

// SignIn has AWS clients of this process find credentials in the environment,
// and nothing of the machine's own.
func SignIn(t testing.TB, access, secret string) {
	t.Helper()
	for name, value := range environment(access, secret) {
		t.Setenv(name, value)
	}
}

// SignInAll is SignIn of the user who may do all, for a TestMain: tests that run
// beside others may not change the environment.
func SignInAll() error {
	for name, value := range environment(Access, Secret) {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("signing in to S3: %w", err)
		}
	}
	return nil
}

func environment(access, secret string) map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": Region, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	}
}

// Bucket is a bucket to be filled.
type Bucket struct {
	t      testing.TB
	client *s3.Client
	name   string
}

// Make makes a bucket.
func Make(t testing.TB, s Server, name string) *Bucket {
	t.Helper()
	endpoint := s.Endpoint()
	b := &Bucket{t, s3.New(s3.Options{
		BaseEndpoint: &endpoint, UsePathStyle: true, Region: Region,
		Credentials: credentials.NewStaticCredentialsProvider(Access, Secret, ""),
	}), name}
	if _, err := b.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("making bucket %s: %v", name, err)
	}
	return b
}

// Put stores an object.
func (b *Bucket) Put(key string, data []byte) {
	b.t.Helper()
	in := &s3.PutObjectInput{Bucket: &b.name, Key: &key, Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data)))}
	if _, err := b.client.PutObject(b.t.Context(), in); err != nil {
		b.t.Fatalf("storing %s: %v", key, err)
	}
}

// Delete deletes an object.
func (b *Bucket) Delete(key string) {
	b.t.Helper()
	if _, err := b.client.DeleteObject(b.t.Context(), &s3.DeleteObjectInput{Bucket: &b.name, Key: &key}); err != nil {
		b.t.Fatalf("deleting %s: %v", key, err)
	}
}
