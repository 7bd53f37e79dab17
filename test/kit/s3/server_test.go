package s3_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"muster/test/kit/s3"
)

// What was stored is there after a kill and a restart at the same address.
func TestRestartKeepsObjects(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	server := s3.Start(t)
	bucket := s3.Make(t, server, "kept")
	bucket.Put("a/b", []byte("stored"))
	bucket.Put("gone", []byte("x"))
	bucket.Delete("gone")
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if answer, err := http.Get(server.Endpoint()); err == nil {
		answer.Body.Close()
		t.Fatal("it answers after Kill")
	}
	if err := server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	endpoint := server.Endpoint()
	client := awss3.New(awss3.Options{
		BaseEndpoint: &endpoint, UsePathStyle: true, Region: s3.Region,
		Credentials: credentials.NewStaticCredentialsProvider(s3.Access, s3.Secret, ""),
	})
	name := "kept"
	listed, err := client.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: &name})
	if err != nil || len(listed.Contents) != 1 || *listed.Contents[0].Key != "a/b" {
		t.Fatalf("%+v, %v", listed, err)
	}
}
